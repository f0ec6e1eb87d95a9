/** A Redis server of the bench's own, gone with all its data when it is stopped. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, ServerProcess } from './processes.mjs';

/** Redis as it is after installation: what was accepted in the last minutes may be lost in a crash. */
export const IN_MEMORY = ['--save', '', '--appendonly', 'no'];

/** Every write is on the disk before it is answered, which is what the platform does with a queued request. */
export const ON_DISK = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

/** The version of the Redis on this machine. Throws when there is none. */
export async function redisVersion() {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown';
  } catch {
    throw new Error('there is no redis-server on this machine (on Debian: apt-get install redis-server)');
  }
}

export async function startRedis(persistence) {
  const folder = await mkdtemp(join(tmpdir(), 'sgpu-bench-redis-'));
  const port = await freePort();
  const server = new ServerProcess('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...persistence,
  ]);
  await server.printed(/Ready to accept connections/);
  return {
    port,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
