import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestListener } from 'node:http';
import type { RequestHead } from '../../../runtime/domain/request';
import type { RunnerRecord } from '../../../runtime/domain/runner';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { runAgent, type ProgramOptions } from '../../../runner-image/agent/program';
import { TaskApp } from '../../../runner-image/agent/task-app';
import { TaskMetadataEndpoint } from '../../../runner-image/agent/task-metadata';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryAppStore, MemoryDoorbell, MemoryRequestStore, MemoryRunnerRegistry } from '../../support/memory-stores';
import { APP, appSpec, runnerRecord } from '../../support/records';
import { TestTask } from './task';

const clock = { now: () => Date.now() };
const tasks: TestTask[] = [];
afterEach(() => {
  for (const task of tasks.splice(0)) task.stop();
});

const echo: RequestListener = (request, response) => {
  request.pipe(response);
};

/** A platform with one app, one request and one task of it, whose agent runs. */
async function world(handler: RequestListener, options: Partial<ProgramOptions> = {}, container = 'RUNNING') {
  const task = await TestTask.start(handler);
  tasks.push(task);
  task.status = { KnownStatus: container };
  const doorbell = new MemoryDoorbell();
  const stores = {
    apps: new MemoryAppStore(),
    requests: new MemoryRequestStore(),
    runners: new MemoryRunnerRegistry(),
    blobs: new MemoryBlobStore(),
  };
  await stores.apps.put({
    id: APP,
    revision: 'r1',
    deployedAt: 0,
    spec: appSpec({ keep_alive: 60, termination_grace_period_seconds: 5 }),
  });
  await stores.runners.create(runnerRecord({ createdAt: clock.now(), stateSince: clock.now() }));
  const queue = new RequestQueue({ store: stores.requests, doorbell, clock });
  const stopping = new AbortController();
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const ended = runAgent({
    app: APP,
    runner: 'runner',
    stores,
    doorbell: () => doorbell,
    clock,
    attach: () =>
      TaskApp.attach({
        url: task.appUrl,
        metadata: new TaskMetadataEndpoint(task.metadataUrl),
        socketPath: task.socketPath,
        pollMs: 10,
        log,
      }),
    stopping: stopping.signal,
    log,
    heartbeatMs: 20,
    ...options,
  });
  return { task, stores, queue, stopping, ended, lines };
}

type World = Awaited<ReturnType<typeof world>>;

async function submit({ queue }: World): Promise<string> {
  const id = 'request';
  await queue.submit(
    {
      id,
      app: APP,
      path: '/',
      mode: 'queue',
      caller: 'local',
      priority: 'normal',
      submittedAt: clock.now(),
      retry: {},
    },
    { method: 'POST', target: '/', headers: {}, body: { bytes: Buffer.from('{"a":1}') } },
  );
  return id;
}

async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    await sleep(5);
  }
}

function runnerIn({ stores }: World, state: RunnerRecord['state']): Promise<RunnerRecord> {
  return until(async () => {
    const runner = await stores.runners.get('runner');
    return runner?.state === state ? runner : undefined;
  });
}

function requestIn({ stores }: World, state: RequestHead['state']): Promise<RequestHead> {
  return until(async () => {
    const head = await stores.requests.get('request');
    return head?.state === state ? head : undefined;
  });
}

test('a request is answered by the app in the other container', async () => {
  const here = await world(echo);
  await submit(here);
  expect((await requestIn(here, 'COMPLETED')).outcome).toMatchObject({ status: 200 });
  expect((await runnerIn(here, 'IDLE')).served).toBeGreaterThanOrEqual(0);
  here.stopping.abort();
  await here.ended;
});

test('while ECS pulls the image of the app the runner says so', async () => {
  const here = await world(echo, {}, 'PULLED');
  expect(await runnerIn(here, 'DOCKER_PULL')).toMatchObject({ waitingFor: 'pulling its image' });
  here.task.status = { KnownStatus: 'RUNNING' };
  await runnerIn(here, 'IDLE');
  here.stopping.abort();
  await here.ended;
});

test('SIGTERM lets the request in flight finish; then the agent ends and leaves the rest to ECS', async () => {
  let answer: () => void = () => undefined;
  const here = await world((_request, response) => {
    answer = () => response.end('done');
  });
  await submit(here);
  await requestIn(here, 'IN_PROGRESS');
  await runnerIn(here, 'RUNNING');
  here.stopping.abort();
  await runnerIn(here, 'DRAINING');
  answer();
  expect(await here.ended).toBe('its task was stopped');
  expect(await requestIn(here, 'COMPLETED')).toMatchObject({ outcome: { status: 200 } });
  expect(await here.stores.runners.get('runner')).toMatchObject({ state: 'TERMINATING', exit: 'drained' });
});

test('SIGTERM while the image is pulled ends the agent', async () => {
  const here = await world(echo, {}, 'PULLED');
  await runnerIn(here, 'DOCKER_PULL');
  here.stopping.abort();
  expect(await here.ended).toContain('before its app had started');
});

test('an app that ends while it works gives its request back, with the reason it reported', async () => {
  const here = await world(() => undefined);
  await submit(here);
  await requestIn(here, 'IN_PROGRESS');
  await here.task.report({ type: 'failed', stage: 'serve', message: 'CUDA error: out of memory', traceback: '' });
  here.task.exit(1);
  expect(await here.ended).toBe('CUDA error: out of memory');
  expect(await requestIn(here, 'IN_QUEUE')).toMatchObject({ attempt: 1 });
  expect(await here.stores.runners.get('runner')).toMatchObject({ state: 'TERMINATED', exit: 'crashed' });
});

test('an app killed for its memory is described so', async () => {
  const here = await world(echo);
  await runnerIn(here, 'IDLE');
  here.task.exit(137);
  expect(await here.ended).toContain('killed by SIGKILL: it may have used more memory');
});

test('lines that the app reports reach the log of their request', async () => {
  let answer: () => void = () => undefined;
  const here = await world((_request, response) => {
    answer = () => response.end('done');
  });
  const id = await submit(here);
  await requestIn(here, 'IN_PROGRESS');
  await here.task.report({ type: 'log', request_id: id, level: 'INFO', message: 'half way' });
  answer();
  await requestIn(here, 'COMPLETED');
  expect(await here.stores.requests.events(id, undefined, 10)).toMatchObject([{ level: 'INFO', message: 'half way' }]);
  here.stopping.abort();
  await here.ended;
});

test('a folder that can’t hold the socket costs the lines of requests, not the runner', async () => {
  const here = await world(echo, {
    attach: async () => {
      const task = tasks[0]!;
      const metadata = new TaskMetadataEndpoint(task.metadataUrl);
      const log = (line: string): void => void lines.push(line);
      return TaskApp.attach({ url: task.appUrl, metadata, socketPath: '/nowhere/output.sock', pollMs: 10, log });
    },
  });
  const lines = here.lines;
  await submit(here);
  await requestIn(here, 'COMPLETED');
  expect(lines).toEqual([expect.stringContaining('CloudWatch only')]);
  here.stopping.abort();
  await here.ended;
});

test('stores that stay denied end the agent with a line that says so', async () => {
  const here = await world(echo, { refusedMs: 50 });
  await runnerIn(here, 'IDLE');
  const denied = Object.assign(new Error('not authorized to perform dynamodb:GetItem'), {
    name: 'AccessDeniedException',
  });
  jest.spyOn(here.stores.runners, 'get').mockRejectedValue(denied);
  expect(await here.ended).toMatch(/stores could not be used for .* AccessDeniedException not authorized/);
});

test('a runner that nobody knows, or that was given up, is not run', async () => {
  const missing = await world(echo, { runner: 'unknown' });
  await expect(missing.ended).rejects.toThrow('no runner unknown');
  const gone = await world(echo, { app: 'local/removed' });
  await expect(gone.ended).rejects.toThrow('no app local/removed');
});
