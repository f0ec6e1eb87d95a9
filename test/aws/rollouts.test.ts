/** What becomes of an app that is deployed again under load, that rests, and that is removed: on emulated AWS. */
import { join } from 'node:path';
import type { FalClient } from '@fal-ai/client';
import { AppSource, ServerlessGpuApp } from '../../lib';
import type { Revision } from '../../runtime/domain/app';
import { eventually } from '../contract/eventually';
import { synthesise } from './assembly';
import { clientOf } from './clients';
import { EmulatedPlatform } from './emulated-platform';
import { falApp } from './fal-processes';
import { Printed } from './printed';
import { startTaskProcesses } from './task-processes';
import { unexplainedGrants } from './unused-grants';

const APP = join(__dirname, 'apps', 'versioned.py');
const AGENT = join(__dirname, '..', '..', 'assets', 'agent', 'index.mjs');
const PATIENCE_MS = 90_000;

jest.setTimeout(300_000);

const printed = new Printed();
let platform: EmulatedPlatform;
let fal: FalClient;

function version(name: string): Promise<string> {
  return synthesise('Shop', (stack) => {
    const source = AppSource.falApp(APP, 'Versioned');
    new ServerlessGpuApp(stack, 'App', { source, environment: { VERSION: name } });
  });
}

beforeAll(async () => {
  const app = await falApp(APP, 'Versioned');
  platform = await EmulatedPlatform.start({
    ...{ assembly: await version('1'), stackName: 'Shop', cluster: 'sgpu-shop', ruleIntervalMs: 2_000 },
    startTask: (task) => startTaskProcesses({ app, agent: AGENT, onLine: printed.add }, task),
    onLine: printed.add,
  });
  fal = await clientOf(platform);
  await platform.appsKnown('shop/versioned');
});

afterAll(async () => {
  await platform.stop();
});

async function answeredVersion(): Promise<string> {
  const { data } = await fal.subscribe('shop/versioned', { input: { seconds: 0.1 } });
  return (data as { version: string }).version;
}

/** Calls one after the other until one is answered by `wanted`; what they were answered by. */
async function callsUntil(wanted: string): Promise<readonly string[]> {
  const answered: string[] = [];
  const until = Date.now() + PATIENCE_MS;
  while (answered.at(-1) !== wanted && Date.now() < until) answered.push(await answeredVersion());
  return answered;
}

/** The app's revisions, the current one first. */
async function revisions(): Promise<readonly Revision[]> {
  const answer = (await platform.admin('/apps/shop/versioned/revisions')) as { revisions: readonly Revision[] };
  return answer.revisions;
}

test('no capacity in one zone is no reason to wait for it', async () => {
  platform.ecs.cluster.stock.set('c7a.large|us-east-1a', 0);
  expect(await answeredVersion()).toBe('1');
  expect(platform.ecs.cluster.present.map(({ zone }) => zone)).toEqual(['us-east-1b']);
});

test('a new revision takes over under load, and no request is lost', async () => {
  await platform.redeploy(await version('2'));
  const answered = await Promise.all([1, 2, 3].map(() => callsUntil('2')));
  expect(answered.map((versions) => versions.at(-1))).toEqual(['2', '2', '2']);
  expect(answered.flat().filter((version) => version !== '1' && version !== '2')).toEqual([]);
  // A request may be answered before the controller has seen that its runner is ready.
  await eventually(async () => {
    const [current] = await revisions();
    expect(current?.readyAt).toBeDefined();
  }, PATIENCE_MS);
});

test('a revision that does not start gives way to the last good one', async () => {
  await platform.redeploy(await version('broken'));
  await eventually(async () => {
    expect(await answeredVersion()).toBe('2');
    const [current] = await revisions();
    expect(current?.failure?.reason).toContain("these weights don't load");
  }, PATIENCE_MS);
  expect(await answeredVersion()).toBe('2');
});

test('what nobody calls goes back to zero runners and zero machines', async () => {
  await platform.redeploy(await version('2'));
  await eventually(async () => {
    expect(platform.tasks('versioned')).toEqual([]);
    expect(platform.ecs.cluster.present).toEqual([]);
    return Promise.resolve();
  }, PATIENCE_MS * 2);
});

test('destroying the stack ends what runs and answers CloudFormation', async () => {
  const { request_id: requestId } = await fal.queue.submit('shop/versioned', { input: { seconds: 20 } });
  await eventually(async () => {
    expect((await fal.queue.status('shop/versioned', { requestId })).status).toBe('IN_PROGRESS');
  }, PATIENCE_MS);
  const answers = await platform.destroy();
  expect(answers.filter((answer) => (answer as { Status: string }).Status !== 'SUCCESS')).toEqual([]);
  expect(answers.length).toBeGreaterThan(0);
  expect(platform.tasks('versioned')).toEqual([]);
  expect(platform.ecs.cluster.present).toEqual([]);
});

test('what a deletion is granted and did not use has a reason', () => {
  expect(unexplainedGrants(platform.recorder.calls, platform.account.roles, ['Lifecycle'])).toEqual([]);
});

test('every call that was made is one that its role may make', async () => {
  expect(await platform.denials()).toEqual([]);
});
