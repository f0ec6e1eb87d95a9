/**
 * What stands between this process and an app: a shell that leads the app's process group and holds the read end of a
 * pipe from here. When this process is gone, however it went, the pipe ends and the guard kills the whole group: no app
 * keeps a GPU that nobody can give back, even one stuck in C code that hears no signal.
 *
 * Children that leave the process group (`setsid`, a job-control shell) are out of the guard's reach.
 */
export function guarded(command: string, args: readonly string[]): readonly [shell: string, args: readonly string[]] {
  // The command is handed over as arguments, which no shell reads as text.
  return ['/bin/sh', ['-c', GUARD, 'sgpu-guard', command, ...args]];
}

/**
 * Builtins only: the app's PATH may hold anything. The guard itself outlives the signals it shares with the app, waits
 * for it and ends with its status; its own messages ("Killed") go nowhere. Descriptor 3 is the pipe, 4 the app's stderr.
 */
const GUARD = `
exec 3<&0 4>&2 </dev/null 2>/dev/null
(
  trap '' HUP INT TERM
  exec >/dev/null 4>&-
  while read -r _ <&3; do :; done
  kill -KILL 0
) &
exec 3<&-
trap : HUP INT TERM
"$@" 2>&4 4>&-
exit $?
`;

/** What a shell answers for a command that it cannot run, and for one that a signal ended (this plus its number). */
export const NOT_EXECUTABLE = 126;
export const NOT_FOUND = 127;
export const SIGNALLED = 128;
