/** How a command finds the platform that `sgpu run` serves: a file in its state folder, while it serves. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../runtime/domain/user-error';

export const DEFAULT_STATE = '.sgpu';

export interface RunningPlatform {
  readonly url: string;
  readonly pid: number;
}

/** Says where the platform of this process listens; returns what takes that back. */
export function announce(stateFolder: string, url: string): () => void {
  const path = fileIn(stateFolder);
  const own: RunningPlatform = { url, pid: process.pid };
  writeFileSync(path, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  return () => {
    if (readPlatform(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The platform that has this state folder; `undefined` when none does, or the one that had it did not end well. */
export function runningPlatform(stateFolder: string): RunningPlatform | undefined {
  const found = readPlatform(fileIn(stateFolder));
  return found !== undefined && processExists(found.pid) ? found : undefined;
}

/** As `runningPlatform`; a UserError says that nothing runs there. */
export function requireRunningPlatform(stateFolder: string): RunningPlatform {
  const found = readPlatform(fileIn(stateFolder));
  if (found === undefined) {
    throw new UserError(
      `No platform runs with the state folder ${stateFolder}: start one by \`sgpu run FILE.py\`, or name its --state`,
    );
  }
  if (processExists(found.pid)) return found;
  throw new UserError(
    `The platform of ${stateFolder} was at ${found.url}, but its process ${found.pid} is gone: start it again by \`sgpu run\``,
  );
}

function fileIn(stateFolder: string): string {
  return join(stateFolder, 'platform.json');
}

function readPlatform(path: string): RunningPlatform | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(path, 'utf8')) as Partial<RunningPlatform>;
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined;
  } catch {
    return undefined;
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
