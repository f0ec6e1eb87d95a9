/**
 * Directories that are built once and then only read, by any number of processes.
 *
 * A build happens in a directory of its own, under its final path (virtual environments can't be moved), and is then
 * published by a pointer file made in one step: nobody ever sees half a build, and of two that finish the first wins. The
 * lock only saves doing the work twice.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code';

/** How often the builder touches its lock, and after what silence another process takes over. */
const BEAT_MS = 2_000;
const STALE_MS = 30_000;
const LOCK_POLL_MS = 200;

/** Leftovers of builds that never finished are removed at this age. */
const LEFTOVER_MS = 24 * 3_600_000;

/**
 * The directory of this key under `parent`, built by `build` when it does not exist. Whatever `build` throws is passed on,
 * and nothing stays of the attempt.
 */
export async function builtOnce(
  parent: string,
  key: string,
  build: (directory: string) => Promise<void>,
  onWait: () => void = () => undefined,
): Promise<string> {
  await mkdir(parent, { recursive: true });
  const built = await published(parent, key);
  if (built !== undefined) return built;
  const lock = await acquire(parent, key, onWait);
  if (typeof lock === 'string') return lock;
  try {
    const meanwhile = await published(parent, key);
    if (meanwhile !== undefined) return meanwhile;
    await removeLeftovers(parent, key);
    return await buildAndPublish(parent, key, build);
  } finally {
    await lock.release();
  }
}

/** Forgets a build that turned out unusable; the next `builtOnce` makes a new one. */
export async function forgetBuilt(parent: string, key: string): Promise<void> {
  const directory = await published(parent, key);
  await rm(pointer(parent, key), { force: true });
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}

async function buildAndPublish(
  parent: string,
  key: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const name = `${key}-${randomUUID().slice(0, 8)}`;
  const directory = join(parent, name);
  const note = join(parent, `${name}.published`);
  try {
    await build(directory);
    await writeFile(note, name);
    await link(note, pointer(parent, key));
    return directory;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    const winner = errorCode(error) === 'EEXIST' ? await published(parent, key) : undefined;
    if (winner !== undefined) return winner;
    throw error;
  } finally {
    await rm(note, { force: true });
  }
}

async function published(parent: string, key: string): Promise<string | undefined> {
  try {
    return join(parent, await readFile(pointer(parent, key), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function pointer(parent: string, key: string): string {
  return join(parent, `${key}.built`);
}

interface Lock {
  release(): Promise<void>;
}

/** The lock, or the directory that another process built meanwhile. */
async function acquire(parent: string, key: string, onWait: () => void): Promise<Lock | string> {
  const path = join(parent, `${key}.lock`);
  for (let waited = false; ; waited = true) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return held(path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    if (await isStale(path)) {
      await rm(path, { force: true });
      continue;
    }
    if (!waited) onWait();
    await sleep(LOCK_POLL_MS);
    const built = await published(parent, key);
    if (built !== undefined) return built;
  }
}

function held(path: string): Lock {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MS);
  return {
    release: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > STALE_MS || !isAlive(Number(await readFile(path, 'utf8')));
  } catch (error) {
    // It was released just now.
    return errorCode(error) !== 'ENOENT';
  }
}

function isAlive(pid: number): boolean {
  // A lock whose writer has not yet written its id is young: its age decides.
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

async function removeLeftovers(parent: string, key: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${key}-`)) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(path, { recursive: true, force: true });
  }
}
