import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../environments.mjs';
import { ServerProcess, together } from '../processes.mjs';
import { IN_MEMORY, ON_DISK, redisVersion, startRedis } from '../redis.mjs';

const PACKAGES = ['celery[redis]==5.7.0'];
const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export const celery = celeryOn('in memory', IN_MEMORY);
export const celeryOnDisk = celeryOn('on disk', ON_DISK);

/**
 * The load comes from Celery's own client, as there is no HTTP to it; the loop is that of `load.mjs`, in threads
 * (`celery_load.py`).
 */
function celeryOn(where, persistence) {
  return {
    name: `Celery 5.7.0, Redis ${where}`,
    prepare: async () => {
      await redisVersion();
      return pythonEnvironment(PACKAGES);
    },
    start: (bin) =>
      together(async (stops) => {
        const redis = await startRedis(persistence);
        stops.push(redis.stop);
        const surroundings = { cwd: FOLDER, env: { BENCH_REDIS: `redis://127.0.0.1:${redis.port}` } };
        const worker = new ServerProcess(`${bin}/celery`, ['-A', 'celery_tasks', 'worker', ...WORKER], surroundings);
        stops.push(() => worker.stop());
        await worker.printed(/worker is ready/);
        return { queue: (options) => loadFromPython(bin, options, surroundings) };
      }),
  };
}

/** One worker process. It reserves as many tasks as the other runners take at a time. */
const WORKER = ['--pool', 'prefork', '--concurrency', '1', '--prefetch-multiplier', '64', '--loglevel', 'WARNING'];

async function loadFromPython(bin, { inFlight, warmUpMs, durationMs }, surroundings) {
  const args = ['celery_load.py', inFlight, warmUpMs, durationMs].map(String);
  const client = new ServerProcess(`${bin}/python`, args, surroundings);
  try {
    const { finished, latencies } = JSON.parse(await client.finished(warmUpMs + durationMs + 60_000));
    return { perSecond: (finished * 1000) / durationMs, latencies: latencies.sort((a, b) => a - b) };
  } finally {
    await client.stop();
  }
}
