/** A fal app's image and the agent's, built and run by a container engine against an emulated account. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server as Relay } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAppFolder, writeBuildContext } from '../../lib/private/build-context-folder';
import { VARIABLE } from '../../runtime/aws-layout';
import { DynamoAppStore } from '../../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../../runtime/aws/blob-store';
import { SystemClock } from '../../runtime/aws/clock';
import { SqsDoorbell } from '../../runtime/aws/doorbell';
import { dynamoClient, type DynamoTable } from '../../runtime/aws/dynamo-table';
import { DynamoRequestStore } from '../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../runtime/aws/runner-registry';
import { launched } from '../../runtime/domain/runner';
import { TaggedIds } from '../../runtime/domain/tagged-id';
import type { RequestHead } from '../../runtime/domain/request';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { buildContext } from '../../runtime/source/build-context';
import { readFalSource, specFromSource } from '../../runtime/source/fal-source';
import { makeWheel } from '../runtime/local/wheels';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { DockerEngine, run, writePrivate } from '../support/docker-engine';
import { BASE_PYTHON, baseImage, nodeImage, packageAccess, uvImage } from '../support/docker-images';
import { createTable } from '../support/dynamo-table';
import { ContainerTask, listening, relayTo } from './container-task';

jest.setTimeout(900_000);

const root = join(__dirname, '..', '..');
const APP = 'test/greeter';
const FILE = join(__dirname, 'apps', 'greeter.py');
const source = readFalSource(readFileSync(FILE, 'utf8'), { file: FILE });
const spec = specFromSource(source, { keep_alive: 600, termination_grace_period_seconds: 30 });
const clock = new SystemClock();
const ids = new TaggedIds(randomBytes);

/** The password of the private index: to be found nowhere but in its requests. */
const PASSWORD = randomBytes(12).toString('hex');

let folder: string;
let engine: DockerEngine;
let emulator: AwsEmulator;
let emulatorRelay: { readonly url: string; readonly relay: Relay };
const images = { app: `sgpu-test/greeter:${PASSWORD.slice(0, 8)}`, agent: `sgpu-test/agent:${PASSWORD.slice(0, 8)}` };
const tasks: ContainerTask[] = [];

/** Undoes what was started, last first. */
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpu-docker-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  engine = await DockerEngine.start();
  ends.push(() => engine.stop());
  emulator = await startAwsEmulator();
  ends.push(() => emulator.stop());
  emulatorRelay = await relayTo(emulator.endpoint, engine.gateway);
  ends.push(() => emulatorRelay.relay.close());
  ends.push(() => engine.docker('rmi', '--force', images.app, images.agent).catch(() => ''));
  await buildAgent();
  await buildApp();
});

afterEach(async () => {
  for (const task of tasks.splice(0)) await task.remove();
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

async function buildAgent(): Promise<void> {
  const context = join(folder, 'agent');
  await mkdir(context);
  await run('node', [join(root, 'scripts', 'build.mjs'), 'runner-image/agent/main.ts', join(context, 'index.mjs')]);
  await cp(join(root, 'runner-image', 'agent', 'Dockerfile'), join(context, 'Dockerfile'));
  await engine.build({ tag: images.agent, context, buildArgs: { BASE_IMAGE: await nodeImage(engine) } });
}

async function buildApp(): Promise<void> {
  const app = readAppFolder(FILE);
  const options = { baseImage: await baseImage(engine), uvImage: await uvImage(engine), pythonVersion: BASE_PYTHON };
  const context = buildContext({ source, spec, ...app, options });
  const target = join(folder, 'app');
  writeBuildContext(context, app, root, target);
  await engine.build({
    tag: images.app,
    context: target,
    dockerfile: join(target, context.dockerfile),
    buildArgs: { ...context.buildArgs, SYSTEM_PACKAGES: 'ca-certificates' },
    secrets: {
      ...(await packageAccess(folder)),
      PRIVATE_INDEX: await writePrivate(join(folder, 'private-index'), await servePrivateIndex()),
    },
  });
  expect(context.secrets).toEqual(['PRIVATE_INDEX']);
}

/** A package index with one package, for those who know the password. */
async function servePrivateIndex(): Promise<string> {
  const wheel = makeWheel(folder, 'greeting', 'def greet(name):\n    return f"Hello, {name}"\n');
  const expected = `Basic ${Buffer.from(`reader:${PASSWORD}`).toString('base64')}`;
  const index = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    } else if (request.url === '/simple/greeting/') {
      response.setHeader('content-type', 'text/html').end(`<a href="/${basename(wheel)}">${basename(wheel)}</a>`);
    } else if (request.url === `/${basename(wheel)}`) {
      createReadStream(wheel).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  const port = await listening(index, engine.gateway);
  ends.push(() => index.close());
  return `http://reader:${PASSWORD}@${engine.gateway}:${port}/simple`;
}

/** A table, a bucket and a queue with one app, and a runner of it as two containers. */
async function startRunner() {
  const settings = clientOf(emulator);
  const table = await createTable(dynamoClient(settings));
  const s3 = blobClient({ ...settings, forcePathStyle: true });
  const bucket = table.name;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const sqs = new SQSClient(settings);
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: table.name }));
  const stores = storesOf(table, new S3BlobStore(s3, bucket));
  await stores.apps.put({ id: APP, revision: '1', deployedAt: clock.now(), spec });
  const runner = launched({ id: ids.next(APP, clock.now()), app: APP, revision: '1', createdAt: clock.now() });
  await stores.runners.create(runner);
  const task = new ContainerTask(engine, images);
  tasks.push(task);
  await task.start(
    {},
    {
      AWS_ENDPOINT_URL: emulatorRelay.url,
      AWS_REGION: emulator.region,
      AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
      [VARIABLE.app]: APP,
      [VARIABLE.runner]: runner.id,
      [VARIABLE.revision]: '1',
      [VARIABLE.appUrl]: 'http://app:8080',
      [VARIABLE.queueUrl]: queueUrl.replace(emulator.endpoint, emulatorRelay.url),
      [VARIABLE.table]: table.name,
      [VARIABLE.bucket]: bucket,
    },
  );
  const doorbell = new SqsDoorbell({ client: sqs, queueUrl: () => queueUrl, log: { error: fail } });
  const queue = new RequestQueue({ store: stores.requests, doorbell, clock });
  return { task, ...stores, queue, sqs, queueUrl, runner };
}

type Runner = Awaited<ReturnType<typeof startRunner>>;

function storesOf(table: DynamoTable, blobs: S3BlobStore) {
  return {
    apps: new DynamoAppStore(table, clock),
    requests: new DynamoRequestStore({ table, blobs, clock }),
    runners: new DynamoRunnerRegistry(table),
  };
}

function fail(message: string, error: unknown): never {
  throw new Error(message, { cause: error });
}

async function submit({ queue }: Runner, input: object): Promise<string> {
  const id = ids.next(APP, clock.now());
  await queue.submit(
    { id, app: APP, path: '/', mode: 'queue', caller: 'test', priority: 'normal', submittedAt: clock.now(), retry: {} },
    {
      method: 'POST',
      target: '/',
      headers: { 'content-type': 'application/json', 'x-fal-request-id': id },
      body: { bytes: Buffer.from(JSON.stringify(input)) },
    },
  );
  return id;
}

async function until<T>(here: Runner, wanted: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if ((await here.task.inspect('agent', '{{.State.Running}}')) !== 'true') {
      const last = await probe();
      if (last !== undefined) return last;
      throw new Error(
        `No ${wanted}: the agent ended: ${await here.task.output('agent')} ${await here.task.output('app')}`,
      );
    }
    await sleep(200);
  }
}

function requestIn(here: Runner, id: string, state: RequestHead['state']): Promise<RequestHead> {
  return until(here, `request ${state}`, async () => {
    const head = await here.requests.get(id);
    return head?.state === state ? head : undefined;
  });
}

async function answer({ requests }: Runner, id: string): Promise<unknown> {
  const response = await requests.response(id);
  if (response === undefined || !('bytes' in response.body)) throw new Error('There is no small answer');
  return JSON.parse(Buffer.from(response.body.bytes).toString());
}

test('a request in the table is answered by the app, and its log has what the app printed', async () => {
  const here = await startRunner();
  const id = await submit(here, { name: 'Ada' });
  expect((await requestIn(here, id, 'COMPLETED')).outcome).toMatchObject({ status: 200 });
  expect(await answer(here, id)).toEqual({ text: 'Hello, Ada' });
  expect(await here.requests.events(id, undefined, 10)).toMatchObject([{ kind: 'log', message: 'greets Ada' }]);
});

test('a message that another service put on the queue is a request', async () => {
  const here = await startRunner();
  await here.sqs.send(new SendMessageCommand({ QueueUrl: here.queueUrl, MessageBody: '{"name": "Grace"}' }));
  const [adopted] = await until(here, 'adopted request', async () => {
    const heads = await here.requests.list(APP, 10);
    return heads.some((head) => head.state === 'COMPLETED') ? heads : undefined;
  });
  expect(await answer(here, adopted!.id)).toEqual({ text: 'Hello, Grace' });
});

test('SIGTERM drains: the request in flight is answered, then agent and app end by themselves', async () => {
  const here = await startRunner();
  const id = await submit(here, { name: 'Edsger', seconds: 4 });
  await requestIn(here, id, 'IN_PROGRESS');
  expect(await here.task.stop('agent')).toBe(0);
  expect(await here.requests.get(id)).toMatchObject({ state: 'COMPLETED', outcome: { status: 200 } });
  expect(await here.runners.get(here.runner.id)).toMatchObject({ state: 'TERMINATING', exit: 'drained' });
  expect(await here.task.stop('app')).toBe(0);
});

test('an app that is killed while it works gives its request back', async () => {
  const here = await startRunner();
  const id = await submit(here, { name: 'Alan', seconds: 120 });
  await requestIn(here, id, 'IN_PROGRESS');
  await here.task.kill('app');
  await here.task.ended('agent');
  expect(await here.requests.get(id)).toMatchObject({ state: 'IN_QUEUE' });
  expect(await here.runners.get(here.runner.id)).toMatchObject({ exit: 'crashed' });
});

test('the app runs as an ordinary user and may write its volume, and nothing of ours', async () => {
  const user = await engine.docker(
    'run',
    '--rm',
    '--entrypoint',
    'sh',
    images.app,
    '-c',
    'id -u; touch /data/x && echo ok; touch /opt/sgpu/x || echo refused',
  );
  expect(user.split('\n')).toEqual(['1000', 'ok', 'refused']);
});

test('no layer of the image, and nothing in its history, has a secret of the build', async () => {
  const archive = join(folder, 'image.tar');
  await engine.docker('save', '--output', archive, images.app);
  expect(await occurs(archive, 'return f"Hello, {name}"')).toBe(true);
  expect(await occurs(archive, PASSWORD)).toBe(false);
  expect(await engine.docker('history', '--no-trunc', images.app)).not.toContain(PASSWORD);
});

/** True when the bytes of `text` are somewhere in a file. */
async function occurs(file: string, text: string): Promise<boolean> {
  const wanted = Buffer.from(text);
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    if (bytes.includes(wanted)) return true;
    rest = bytes.subarray(Math.max(0, bytes.length - wanted.length));
  }
  return false;
}
