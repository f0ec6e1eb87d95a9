// An HTTP API over BullMQ: bullmq-api.mjs PATH_OF_BULLMQ REDIS_PORT PORT
// `POST /` submits and answers with an id, `GET /<id>` waits for the job's end and answers with its result.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [bullmq, redisPort, port] = process.argv.slice(2);
const { Job, Queue, QueueEvents } = createRequire(import.meta.url)(bullmq);

const connection = { host: '127.0.0.1', port: Number(redisPort) };
const queue = new Queue('noop', { connection });
const events = new QueueEvents('noop', { connection });
for (const emitter of [queue, events]) emitter.setMaxListeners(0);
await events.waitUntilReady();

createServer((request, response) => {
  respond(request).then(
    (result) => answer(response, 200, result),
    (error) => answer(response, 500, { detail: error.message }),
  );
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));

async function respond(request) {
  if (request.method === 'POST') {
    const job = await queue.add('noop', JSON.parse(await textOf(request)));
    return { id: job.id };
  }
  const job = await Job.fromId(queue, request.url.slice(1));
  return job.waitUntilFinished(events);
}

async function textOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

function answer(response, status, result) {
  const body = JSON.stringify(result);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
