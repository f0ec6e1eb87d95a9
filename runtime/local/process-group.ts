/** Process groups of this machine: to signal them, to see them end, and to know one again. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './error-code';

/** Does nothing when the group is gone. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // macOS answers EPERM for a group of which only zombies are left.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

/** How long a killed group may take to vanish: a process may be busy in a call of the GPU driver. */
const VANISH_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Resolves when nothing of the group runs any more, or after ten seconds. */
export async function groupEnded(group: number): Promise<void> {
  const until = Date.now() + VANISH_MS;
  while ((await groupRuns(group)) && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

async function groupRuns(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  return process.platform === 'linux' ? linuxGroupRuns(group) : true;
}

/** In a container whose first process collects no zombies they stay in their group for ever; they hold nothing. */
async function linuxGroupRuns(group: number): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => linuxStat(Number(pid))));
  return stats.some((stat) => stat?.group === group && stat.state !== 'Z');
}

/**
 * When a process was started, as an opaque text; undefined when there is none. Process ids are used again: two processes
 * are the same only if this is the same, too.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? linuxStart(pid) : psStart(pid);
}

async function linuxStart(pid: number): Promise<string | undefined> {
  const stat = await linuxStat(pid);
  return stat && `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()} ${stat.startTicks}`;
}

interface LinuxStat {
  readonly state: string;
  readonly group: number;
  /** Clock ticks from this boot of the machine to the start of the process. */
  readonly startTicks: string;
}

/** Fields 3, 5 and 22 of proc_pid_stat(5); undefined when there is no such process. */
async function linuxStat(pid: number): Promise<LinuxStat | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', group: Number(fields[2]), startTicks: fields[19] ?? '' };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

async function psStart(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    // ps fails when there is no such process.
    return undefined;
  }
}
