// A worker of BullMQ: bullmq-worker.mjs PATH_OF_BULLMQ REDIS_PORT [APP_URL]. Answers jobs itself, or has the app do so.
import { createRequire } from 'node:module';
import { HttpClient } from '../http-client.mjs';

const [bullmq, port, app] = process.argv.slice(2);
const { Worker } = createRequire(import.meta.url)(bullmq);

const client = app === undefined ? undefined : new HttpClient(app);
const work =
  client === undefined
    ? async ({ data }) => ({ text: data.prompt })
    : async ({ data }) => JSON.parse(await client.post('/', data));
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const worker = new Worker('noop', work, { connection, concurrency: 64 });
await worker.waitUntilReady();
console.log('ready');
process.on('SIGTERM', () => void worker.close(true).then(() => process.exit(0)));
