import { fileURLToPath } from 'node:url';
import { nodePackages } from '../environments.mjs';
import { HttpClient } from '../http-client.mjs';
import { load } from '../load.mjs';
import { INPUT, startBareServer } from '../noop.mjs';
import { freePort, ServerProcess, together } from '../processes.mjs';
import { IN_MEMORY, ON_DISK, redisVersion, startRedis } from '../redis.mjs';

const PACKAGES = ['bullmq@6.7.0', 'ioredis@5.11.1'];
const [WORKER, API] = ['bullmq-worker.mjs', 'bullmq-api.mjs'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

export const bullmq = { name: 'BullMQ 6.7.0, Redis in memory', prepare, start: startWith(asLibrary, IN_MEMORY) };
export const bullmqOnDisk = { name: 'BullMQ 6.7.0, Redis on disk', prepare, start: startWith(asLibrary, ON_DISK) };
export const bullmqService = {
  name: 'BullMQ 6.7.0, Redis on disk, HTTP API and app',
  prepare,
  start: startWith(asService, ON_DISK),
};

async function prepare() {
  await redisVersion();
  return nodePackages(PACKAGES);
}

function startWith(assemble, persistence) {
  return (require) =>
    together(async (stops) => {
      const redis = await startRedis(persistence);
      stops.push(redis.stop);
      return { queue: await assemble({ require, redisPort: redis.port, stops }) };
    });
}

/** The load generator is BullMQ's own client, and the worker does the job itself: there is no HTTP at all. */
async function asLibrary({ require, redisPort, stops }) {
  await startProcess(WORKER, [require.resolve('bullmq'), redisPort], stops);
  const { Queue, QueueEvents } = require('bullmq');
  const connection = { host: '127.0.0.1', port: redisPort };
  const queue = new Queue('noop', { connection });
  const events = new QueueEvents('noop', { connection });
  for (const client of [queue, events]) {
    client.setMaxListeners(0);
    stops.push(() => client.close());
  }
  await events.waitUntilReady();
  const submitAndWait = async () => {
    const job = await queue.add('noop', INPUT);
    return job.waitUntilFinished(events);
  };
  return (options) => load(submitAndWait, options);
}

/** What the platform is, made of BullMQ: an HTTP API before the queue, an HTTP server as the app behind it. */
async function asService({ require, redisPort, stops }) {
  const app = await startBareServer(stops);
  const port = await freePort();
  await startProcess(WORKER, [require.resolve('bullmq'), redisPort, app], stops);
  await startProcess(API, [require.resolve('bullmq'), redisPort, port], stops);
  const client = new HttpClient(`http://127.0.0.1:${port}`);
  stops.push(() => client.close());
  const submitAndWait = async () => {
    const { id } = JSON.parse(await client.post('/', INPUT));
    return client.get(`/${id}`);
  };
  return (options) => load(submitAndWait, options);
}

async function startProcess(program, args, stops) {
  const server = new ServerProcess(process.execPath, [program, ...args.map(String)]);
  stops.push(() => server.stop());
  await server.printed(/ready/);
}
