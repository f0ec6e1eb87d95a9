/** Python packages that tests need, in the versions pinned by their callers. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CACHE = join(__dirname, '..', '..', 'node_modules', '.cache', 'sgpu-test');

/**
 * The folder that has packages, to be put on `PYTHONPATH`. They are installed on first use, and the folder appears whole or
 * not at all, so test files may do so side by side. It is called after the first of them.
 */
export async function pythonPackages(...requirements: readonly [string, ...string[]]): Promise<string> {
  const { stdout: version } = await python('-c', 'import sys; print(sys.implementation.cache_tag)');
  const folder = join(CACHE, `${requirements[0].replace(/[^a-z0-9.]+/g, '-')}-${version.trim()}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(`${folder}-`);
  await python('-m', 'pip', 'install', '--quiet', '--target', unfinished, ...requirements);
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  return folder;
}

async function python(...parameters: readonly string[]): Promise<{ readonly stdout: string }> {
  return run('python3', parameters).catch((error: unknown) => {
    throw new Error(`These tests need python3 with pip: ${(error as Error).message}`, { cause: error });
  });
}
