/** The synthesised template, its bundled functions and its apps' agents together, driven by both of fal's clients. */
import { join } from 'node:path';
import type { FalClient } from '@fal-ai/client';
import { AppSource, ServerlessGpuApp, Volume } from '../../lib';
import { runPython } from '../clients/python-client';
import { describeConformingApp } from '../conformance/conforming-app';
import { ConformancePlatform } from '../conformance/platform';
import { eventually } from '../contract/eventually';
import { TestFolder } from '../end-to-end/test-folder';
import { synthesise } from './assembly';
import { clientOf } from './clients';
import { EmulatedPlatform } from './emulated-platform';
import { falApp } from './fal-processes';
import { distinct, judge } from './iam-proof';
import { Printed } from './printed';
import { ACCOUNT, principalOf } from './role-credentials';
import { startTaskProcesses } from './task-processes';
import { unexplainedGrants } from './unused-grants';

const ROOT = join(__dirname, '..', '..');
const APPS = join(ROOT, 'test', 'end-to-end', 'apps', 'studio.py');
const CONFORMING = join(ROOT, 'test', 'conformance', 'apps', 'conforming.py');
const LIBRARY = join(__dirname, 'apps', 'library.py');
const AGENT = join(ROOT, 'assets', 'agent', 'index.mjs');

jest.setTimeout(300_000);

/** A runner's start takes some seconds of two processors. */
const PATIENCE_MS = 90_000;

const folder = new TestFolder();
const printed = new Printed();
/** Where the library has its volume. */
const shelf = folder.file('shelf');
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
    new ServerlessGpuApp(stack, 'Library', {
      ...{ source: AppSource.falApp(LIBRARY, 'Library'), platform: shared },
      ...{ volumes: { [shelf]: Volume.efs('shelf') }, environment: { SHELF: shelf } },
    });
  });
  const commands = [
    ['studio', await falApp(APPS, 'Studio')],
    ['worker', await falApp(APPS, 'Worker')],
    ['library', await falApp(LIBRARY, 'Library')],
    ['conforming', await falApp(CONFORMING, 'Conforming', { TEST_FOLDER: folder.path })],
  ] as const;
  platform = await EmulatedPlatform.start({
    ...{ assembly, stackName: 'Art', cluster: 'sgpu-art' },
    startTask: (task) => {
      const [, app] = commands.find(([alias]) => task.task.taskDefinition.includes(`-${alias}:`)) ?? [];
      if (app === undefined) throw new Error(`No app is known for ${task.task.taskDefinition}`);
      const { caPath } = platform.secure;
      const options = { app, agent: AGENT, caPath, volumes: folder.path, onLine: printed.add };
      return startTaskProcesses(options, task);
    },
    onLine: printed.add,
  });
  fal = await clientOf(platform);
  conformance = new ConformancePlatform(platform.url, await platform.createKey('ADMIN'), platform.owner, folder);
  await platform.appsKnown('art/studio', 'art/worker', 'art/library', 'art/conforming');
});

afterAll(async () => {
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

test("fal's Python client follows a request and its log, and reads a stream", async () => {
  const output = await python(`
updates = []
result = fal_client.subscribe('art/studio', arguments={'prompt': 'a cat'}, with_logs=True, on_queue_update=updates.append)
print(result, type(updates[-1]).__name__, 'painting a cat' in [line['message'] for line in updates[-1].logs])
print([event['stroke'] for event in fal_client.stream('art/studio', arguments={'prompt': 'a dog'})])
`);
  expect(output.split('\n')).toEqual(["{'painted': 'a cat'} Completed True", '[1, 2, 3]']);
});

test("fal's Python client uploads a file, and sends and gets what is too large for an item of the table", async () => {
  const output = await python(`
url = fal_client.upload(b'brushes', 'text/plain', file_name='brushes.txt')
print(httpx.get(url, follow_redirects=True).text)
print(len(fal_client.subscribe('art/studio', arguments={'prompt': 'a' * 400_000})['painted']))
`);
  expect(output.split('\n')).toEqual(['brushes', '400000']);
});

test("fal's Python client submits requests and cancels those that run and those that wait", async () => {
  const output = await python(`
running = fal_client.submit('art/worker', arguments=${JSON.stringify(job('sixth'))})
while not isinstance(running.status(), fal_client.InProgress):
    time.sleep(0.1)
waiting = fal_client.submit('art/worker', arguments=${JSON.stringify(job('unwanted'))})
print(waiting.status())
for handle in waiting, running:
    handle.cancel()
    try:
        print(handle.get())
    except fal_client.FalClientHTTPError as error:
        print(error.status_code)
`);
  expect(output.split('\n')).toEqual(['Queued(position=0)', '499', '499']);
  expect(folder.lines('journal')).not.toContain('unwanted');
});

test('a machine that Spot takes back is drained: what runs on it ends well, then it is ended', async () => {
  const noted = await fal.subscribe('art/library', { input: { text: 'for the next' } });
  const last = await fal.queue.submit('art/worker', { input: job('fourth') });
  await begun('fourth');
  const machines = platform.ecs.cluster.present;
  for (const { id } of machines) await takeBack(id);
  await eventually(async () => {
    const { runners } = (await platform.admin('/apps/art/worker/runners')) as { runners: readonly { state: string }[] };
    expect(runners.map(({ state }) => state)).toContain('DRAINING');
    expect(machines.map(({ status }) => status)).toEqual(machines.map(() => 'DRAINING'));
  });
  const next = await fal.queue.submit('art/worker', { input: job('fifth') });
  open('fourth');
  await finished(last.request_id);
  await begun('fifth');
  open('fifth');
  await finished(next.request_id);
  expect(await runnerOf(next.request_id)).not.toBe(await runnerOf(last.request_id));
  await eventually(async () => {
    expect(platform.ecs.cluster.present.filter((machine) => machines.includes(machine))).toEqual([]);
    return Promise.resolve();
  }, PATIENCE_MS);
  // A volume outlives the machines.
  const { data } = await fal.subscribe('art/library/read', { input: {} });
  expect(data).toMatchObject({ text: 'for the next' });
  expect((data as { runner: string }).runner).not.toBe((noted.data as { runner: string }).runner);
});

describeConformingApp('the platform on AWS', () => conformance);

test('every call that was made is one that its role may make', async () => {
  const made = new Set(platform.recorder.calls.map(({ action }) => action));
  expect([...made]).toEqual(
    expect.arrayContaining(['ecs:UpdateContainerInstancesState', 'autoscaling:TerminateInstanceInAutoScalingGroup']),
  );
  expect(await platform.denials()).toEqual([]);
  expect(platform.errors).toEqual([]);
});

test('what is granted and was not used has a reason', () => {
  const kinds = ['Gateway', 'Controller', 'RolesTask', 'RolesExecution', 'MachineRole'] as const;
  expect(unexplainedGrants(platform.recorder.calls, platform.account.roles, kinds)).toEqual([]);
});

test("what the runners of an app did with its data is denied to another app's runners", async () => {
  const [studio, worker] = ['Studio', 'Worker'].map((id) => platform.account.roleNamed(new RegExp(`${id}RolesTask`)));
  const made = platform.recorder.calls.filter(({ principal }) => principal === principalOf(studio!.arn));
  const services = new Set(made.map(({ action }) => action.split(':')[0]));
  expect([...services].sort()).toEqual(['dynamodb', 's3', 'sqs']);
  const verdicts = (await Promise.all(distinct(made).map((call) => judge(call, worker!, ACCOUNT)))).flat();
  expect(verdicts.filter(({ allowed }) => allowed).map(({ call }) => call)).toEqual([]);
});

function job(name: string): { readonly name: string; readonly journal: string; readonly gate: string } {
  return { name, journal: folder.file('journal'), gate: folder.file(name) };
}

/** Prints what the program prints. */
async function python(program: string): Promise<string> {
  const key = await platform.createKey('API');
  return runPython({ ...platform.secure, key }, `import fal_client, httpx, time\n${program}`);
}

async function takeBack(machine: string): Promise<void> {
  await platform.functionOf(/Controller/).invoke({
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    detail: { 'instance-id': machine, 'instance-action': 'terminate' },
  });
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
