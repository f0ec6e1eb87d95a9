/** The synthesised template, its bundled functions and an app's agent together, driven by fal's client. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FalClient } from '@fal-ai/client';
import { AppSource, ServerlessGpuApp } from '../../lib';
import { describeConformingApp } from '../conformance/conforming-app';
import { ConformancePlatform } from '../conformance/platform';
import { eventually } from '../contract/eventually';
import { TestFolder } from '../end-to-end/test-folder';
import { synthesise } from './assembly';
import { clientOf } from './clients';
import { EmulatedPlatform } from './emulated-platform';
import { falApp } from './fal-processes';
import { startTaskProcesses } from './task-processes';

const ROOT = join(__dirname, '..', '..');
const APPS = join(ROOT, 'test', 'end-to-end', 'apps', 'studio.py');
const CONFORMING = join(ROOT, 'test', 'conformance', 'apps', 'conforming.py');
const AGENT = join(ROOT, 'assets', 'agent', 'index.mjs');

jest.setTimeout(300_000);

/** A runner's start takes some seconds of two processors. */
const PATIENCE_MS = 90_000;

const folder = new TestFolder();
const lines: string[] = [];
let platform: EmulatedPlatform;
let fal: FalClient;
let conformance: ConformancePlatform;

beforeAll(async () => {
  const assembly = await synthesise('Art', (stack) => {
    const studio = new ServerlessGpuApp(stack, 'Studio', { source: AppSource.falApp(APPS, 'Studio') });
    const { platform: shared } = studio;
    new ServerlessGpuApp(stack, 'Worker', { source: AppSource.falApp(APPS, 'Worker'), platform: shared });
    new ServerlessGpuApp(stack, 'Conforming', {
      source: AppSource.falApp(CONFORMING, 'Conforming'),
      platform: shared,
    });
  });
  const commands = [
    ['studio', await falApp(APPS, 'Studio')],
    ['worker', await falApp(APPS, 'Worker')],
    ['conforming', await falApp(CONFORMING, 'Conforming', { TEST_FOLDER: folder.path })],
  ] as const;
  platform = await EmulatedPlatform.start({
    ...{ assembly, stackName: 'Art', cluster: 'sgpu-art' },
    startTask: (task) => {
      const [, app] = commands.find(([alias]) => task.task.taskDefinition.includes(`-${alias}:`)) ?? [];
      if (app === undefined) throw new Error(`No app is known for ${task.task.taskDefinition}`);
      const { caPath } = platform.secure;
      return startTaskProcesses({ app, agent: AGENT, caPath, onLine: (line) => lines.push(line) }, task);
    },
    onLine: (line) => lines.push(line),
  });
  fal = await clientOf(platform);
  conformance = new ConformancePlatform(platform.url, await platform.createKey('ADMIN'), platform.owner, folder);
  await platform.appsKnown('art/studio', 'art/worker', 'art/conforming');
});

afterAll(async () => {
  // SHOW=FILE: what functions, agents and apps printed, to find out why a test failed.
  if (process.env.SHOW !== undefined) writeFileSync(process.env.SHOW, lines.join('\n'));
  await platform.stop();
  folder.remove();
});

test('a request from zero machines is answered, with its logs', async () => {
  const logs: string[] = [];
  const states: string[] = [];
  const { data } = await fal.subscribe('art/studio', {
    input: { prompt: 'a boat' },
    logs: true,
    onQueueUpdate: (update) => {
      states.push(update.status);
      if ('logs' in update) logs.push(...update.logs.map(({ message }) => message));
    },
  });
  expect(data).toEqual({ painted: 'a boat' });
  expect(states[0]).toBe('IN_QUEUE');
  expect(logs.join('\n')).toContain('painting a boat');
});

test('the app answers directly and as a stream', async () => {
  expect((await fal.run('art/studio/predict', { input: { prompt: 'a kite' } })).data).toEqual({ predicted: 'a kite' });
  const strokes: unknown[] = [];
  const stream = await fal.stream('art/studio/stream', { input: { prompt: 'a cat' } });
  for await (const stroke of stream) strokes.push(stroke);
  expect(strokes).toEqual([1, 2, 3].map((stroke) => ({ prompt: 'a cat', stroke })));
});

test('an app uploads what it makes by the key and the addresses it was given', async () => {
  const { data } = await fal.subscribe('art/studio/frame', { input: { prompt: 'a frame' } });
  const { url } = (data as { file: { url: string } }).file;
  expect(url.startsWith(`${platform.secure.url}/cdn/files/`)).toBe(true);
  expect(await (await fetch(platform.url + new URL(url).pathname)).text()).toBe('a frame');
});

test('a request in progress is cancelled, and the app is told', async () => {
  const { request_id: requestId } = await fal.queue.submit('art/worker', { input: job('first') });
  await begun('first');
  await fal.queue.cancel('art/worker', { requestId });
  await eventually(async () => {
    expect((await fal.queue.status('art/worker', { requestId })).status).toBe('COMPLETED');
  }, PATIENCE_MS);
});

test('a waiting request is cancelled and never handed to a runner', async () => {
  const first = await fal.queue.submit('art/worker', { input: job('second') });
  await begun('second');
  const waiting = await fal.queue.submit('art/worker', { input: job('never') });
  expect(await fal.queue.status('art/worker', { requestId: waiting.request_id })).toMatchObject({ queue_position: 0 });
  await fal.queue.cancel('art/worker', { requestId: waiting.request_id });
  open('second');
  await finished(first.request_id);
  expect(folder.lines('journal')).not.toContain('never');
});

test('a request whose container is killed goes to another runner', async () => {
  const { request_id: requestId } = await fal.queue.submit('art/worker', { input: job('third') });
  await begun('third');
  const [killed] = platform.tasks('worker');
  killed?.kill();
  await eventually(async () => {
    expect(folder.lines('journal').filter((name) => name === 'third').length).toBe(2);
  }, PATIENCE_MS);
  open('third');
  await finished(requestId);
  expect((await fal.queue.result('art/worker', { requestId })).data).toMatchObject({ name: 'third' });
});

test('a machine that Spot takes back gets no more work, and finishes what it has', async () => {
  const last = await fal.queue.submit('art/worker', { input: job('fourth') });
  await begun('fourth');
  const [before] = platform.tasks('worker');
  await platform.functionOf(/Controller/).invoke({
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    detail: { 'instance-id': before?.machine.id, 'instance-action': 'terminate' },
  });
  await eventually(async () => {
    const { runners } = (await platform.admin('/apps/art/worker/runners')) as { runners: readonly { state: string }[] };
    expect(runners.map(({ state }) => state)).toContain('DRAINING');
  });
  const next = await fal.queue.submit('art/worker', { input: job('fifth') });
  open('fourth');
  await finished(last.request_id);
  await begun('fifth');
  open('fifth');
  await finished(next.request_id);
  expect(await runnerOf(next.request_id)).not.toBe(await runnerOf(last.request_id));
});

describeConformingApp('the platform on AWS', () => conformance);

test('every call that was made is one that its role may make', async () => {
  expect(await platform.denials()).toEqual([]);
  expect(platform.errors).toEqual([]);
});

function job(name: string): { readonly name: string; readonly journal: string; readonly gate: string } {
  return { name, journal: folder.file('journal'), gate: folder.file(name) };
}

function open(name: string): void {
  folder.write(name, '');
}

async function begun(name: string): Promise<void> {
  await eventually(async () => {
    expect(folder.lines('journal')).toContain(name);
  }, PATIENCE_MS);
}

async function finished(requestId: string): Promise<void> {
  await eventually(async () => {
    expect((await fal.queue.status('art/worker', { requestId })).status).toBe('COMPLETED');
  }, PATIENCE_MS);
}

async function runnerOf(requestId: string): Promise<unknown> {
  return ((await fal.queue.result('art/worker', { requestId })).data as { runner: string }).runner;
}
