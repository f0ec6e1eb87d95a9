import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { Agent } from '../../../runtime/agent/agent';
import type { AppExit, AppLine, AppProcess } from '../../../runtime/agent/app-process';
import type { AppRecord } from '../../../runtime/domain/app';
import { parseAppSpec } from '../../../runtime/domain/app-spec';
import type { NewRequest, RequestHead } from '../../../runtime/domain/request';
import { launched, type RunnerRecord } from '../../../runtime/domain/runner';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { MemoryBlobStore } from '../../support/memory-blob-store';
import { MemoryDoorbell, MemoryRequestStore, MemoryRunnerRegistry } from '../../support/memory-stores';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** An app on a real port whose "process" the test can end. */
class TestApp implements AppProcess {
  readonly paths: string[] = [];
  readonly exited: Promise<AppExit>;
  terminations = 0;
  #exit!: (exit: AppExit) => void;
  #listener: ((line: AppLine) => void) | undefined;

  private constructor(private readonly server: Server) {
    this.exited = new Promise((resolve) => (this.#exit = resolve));
  }

  static async start(handler: Handler): Promise<TestApp> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        app.paths.push(`${request.method ?? ''} ${request.url ?? ''}`);
        handler(request, response, body);
      });
    });
    const app = new TestApp(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return app;
  }

  url(): Promise<string> {
    return Promise.resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  onLine(listener: (line: AppLine) => void): void {
    this.#listener = listener;
  }

  print(line: AppLine): void {
    this.#listener?.(line);
  }

  crash(reason: string): void {
    this.server.closeAllConnections();
    this.server.close();
    this.#exit({ reason });
  }

  terminate(): Promise<void> {
    this.terminations += 1;
    this.server.closeAllConnections();
    this.server.close();
    this.#exit({ reason: 'exit code 0' });
    return Promise.resolve();
  }
}

const APP = 'local/app';
const HEARTBEAT_MS = 20;
const clock = { now: () => Date.now() };

async function world(handler: Handler, spec: Readonly<Record<string, unknown>> = {}) {
  const process = await TestApp.start(handler);
  const app: AppRecord = {
    id: APP,
    revision: 'r1',
    deployedAt: 0,
    spec: parseAppSpec({ name: 'app', machine_type: 'CPU', keep_alive: 60, ...spec }),
  };
  const requests = new MemoryRequestStore();
  const doorbell = new MemoryDoorbell();
  const runners = new MemoryRunnerRegistry();
  const queue = new RequestQueue({ store: requests, doorbell, clock });
  const blobs = new MemoryBlobStore();
  const failures: unknown[] = [];
  const lines: AppLine[] = [];
  const dependencies = {
    queue,
    requests,
    doorbell,
    runners,
    blobs,
    clock,
    heartbeatMs: HEARTBEAT_MS,
    healthCheckMs: HEARTBEAT_MS,
    onLine: (_runner: string, line: AppLine) => lines.push(line),
    onFailure: (_runner: string, error: unknown) => failures.push(error),
  };
  const record: RunnerRecord = launched({ id: uuidv7(), app: APP, revision: 'r1', createdAt: clock.now() });
  await runners.create(record);
  const agent = new Agent(dependencies, app, record, process);
  const submit = async (body = '{}', request: Partial<NewRequest> = {}): Promise<string> => {
    const head = await queue.submit(
      {
        id: uuidv7(),
        app: APP,
        path: '/',
        mode: 'queue',
        caller: 'local',
        priority: 'normal',
        submittedAt: clock.now(),
        retry: {},
        ...request,
      },
      {
        method: 'POST',
        target: request.path ?? '/',
        headers: { 'content-type': 'application/json' },
        body: { bytes: Buffer.from(body) },
      },
    );
    return head.id;
  };
  return { agent, process, requests, runners, queue, blobs, record, submit, failures, lines };
}

type World = Awaited<ReturnType<typeof world>>;

async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    await sleep(5);
  }
}

function ended({ requests }: World, id: string): Promise<RequestHead> {
  return until(async () => {
    const head = await requests.get(id);
    return head?.state === 'COMPLETED' ? head : undefined;
  });
}

function inState({ requests }: World, id: string, state: RequestHead['state']): Promise<RequestHead> {
  return until(async () => {
    const head = await requests.get(id);
    return head?.state === state ? head : undefined;
  });
}

async function exitOf({ runners, record }: World): Promise<RunnerRecord> {
  return until(async () => {
    const runner = await runners.get(record.id);
    return runner?.state === 'TERMINATED' ? runner : undefined;
  });
}

async function text({ requests }: World, id: string): Promise<string> {
  const response = await requests.response(id);
  if (response === undefined || !('bytes' in response.body)) throw new Error('no inline response');
  return Buffer.from(response.body.bytes).toString();
}

const echo: Handler = (_request, response, body) => {
  response.setHeader('content-type', 'application/json');
  response.end(body);
};

test('a request reaches the app and its answer the store, then the idle runner retires', async () => {
  const here = await world(echo, { keep_alive: 0 });
  const running = here.agent.run();
  const id = await here.submit('{"prompt":"a cat"}');
  const head = await ended(here, id);
  expect(head.outcome).toMatchObject({ status: 200 });
  expect(await text(here, id)).toBe('{"prompt":"a cat"}');
  await running;
  expect(await exitOf(here)).toMatchObject({ exit: 'retired', served: 1 });
  expect(here.process.terminations).toBe(1);
  expect(here.failures).toEqual([]);
});

test('an answer says which runner gave it', async () => {
  const here = await world(echo, { keep_alive: 0 });
  const running = here.agent.run();
  const id = await here.submit();
  await ended(here, id);
  expect((await here.requests.response(id))?.headers).toMatchObject({ 'x-fal-served-from': here.record.id });
  await running;
});

test('a runner works on as many requests at a time as its multiplexing allows, and on no more', async () => {
  const waiting: ServerResponse[] = [];
  const here = await world((_request, response) => waiting.push(response), { max_multiplexing: 2 });
  const running = here.agent.run();
  const ids = [await here.submit(), await here.submit(), await here.submit()];
  await until(() => Promise.resolve(waiting.length === 2 ? true : undefined));
  await sleep(60);
  expect(waiting).toHaveLength(2);
  waiting.forEach((response) => response.end('{}'));
  await until(() => Promise.resolve(waiting.length === 3 ? true : undefined));
  waiting[2]!.end('{}');
  for (const id of ids) await ended(here, id);
  await here.agent.drain('test', 1000);
  await running;
});

test('an app that dies mid-request: the runner is written off and the request goes back, one attempt charged', async () => {
  const here = await world(() => undefined);
  const running = here.agent.run();
  const id = await here.submit();
  await inState(here, id, 'IN_PROGRESS');
  here.process.crash('killed by SIGKILL');
  await running;
  expect(await here.requests.get(id)).toMatchObject({
    state: 'IN_QUEUE',
    attempt: 1,
    refunds: 0,
    retries: { connection_error: 1 },
  });
  expect(await exitOf(here)).toMatchObject({ exit: 'crashed', exitReason: 'killed by SIGKILL' });
});

test('a direct call is never retried: its caller hears that the runner died', async () => {
  const here = await world(() => undefined);
  const running = here.agent.run();
  const id = await here.submit('{}', { mode: 'run' });
  await inState(here, id, 'IN_PROGRESS');
  here.process.crash('exit code 1');
  await running;
  expect((await here.requests.get(id))?.outcome).toMatchObject({ status: 503, errorType: 'runner_disconnected' });
});

test('503 ends the runner at once; its neighbours go back without an attempt charged', async () => {
  const here = await world(
    (request, response) => {
      if (request.url === '/') return;
      response.statusCode = 503;
      response.end('{"detail":"CUDA error: out of memory"}');
    },
    { max_multiplexing: 2 },
  );
  const running = here.agent.run();
  const neighbour = await here.submit();
  await inState(here, neighbour, 'IN_PROGRESS');
  const failing = await here.submit('{}', { path: '/oom' });
  await running;
  expect(await here.requests.get(neighbour)).toMatchObject({ state: 'IN_QUEUE', attempt: 1, refunds: 1, retries: {} });
  expect(await here.requests.get(failing)).toMatchObject({
    state: 'IN_QUEUE',
    refunds: 0,
    retries: { server_error: 1 },
  });
  expect(await exitOf(here)).toMatchObject({ exit: 'unhealthy', exitReason: 'the app answered 503' });
});

test('a runner whose health check fails is given up, and what it works on goes back', async () => {
  let healthy = true;
  const here = await world(
    (request, response) => {
      if (request.url === '/work') return;
      response.statusCode = healthy ? 200 : 500;
      response.end('{}');
    },
    {
      max_multiplexing: 2,
      startup_timeout: 1,
      health_check: { path: '/health', start_period_seconds: 0, failure_threshold: 2 },
    },
  );
  const running = here.agent.run();
  const id = await here.submit('{}', { path: '/work' });
  await inState(here, id, 'IN_PROGRESS');
  healthy = false;
  await running;
  expect(await here.requests.get(id)).toMatchObject({ state: 'IN_QUEUE', refunds: 1 });
  expect(await exitOf(here)).toMatchObject({
    exit: 'unhealthy',
    exitReason: 'its health check failed 2 times in a row: POST /health answered 500',
  });
});

test('an answer that asks for the health check has it made at once', async () => {
  const here = await world(
    (request, response) => {
      if (request.url === '/health') response.statusCode = 500;
      else response.setHeader('x-fal-runner-health-check', 'true');
      response.end('{}');
    },
    { health_check: { path: '/health', call_regularly: false } },
  );
  const running = here.agent.run();
  const id = await here.submit();
  expect((await ended(here, id)).outcome).toMatchObject({ status: 200 });
  await running;
  expect((await here.requests.response(id))?.headers).not.toHaveProperty('x-fal-runner-health-check');
  expect(await exitOf(here)).toMatchObject({
    exit: 'unhealthy',
    exitReason: 'its health check failed: POST /health answered 500',
  });
});

test('request_timeout ends the runner and, where no retry is allowed, answers 504', async () => {
  const here = await world(() => undefined, { request_timeout: 1 });
  const running = here.agent.run();
  const id = await here.submit('{}', { retry: { timeout: 0 } });
  expect((await ended(here, id)).outcome).toMatchObject({ status: 504, errorType: 'request_timeout' });
  await running;
  expect(await exitOf(here)).toMatchObject({ exit: 'unhealthy' });
});

test('a cancelled request is cancelled in the app, on its path, under its id', async () => {
  let answer: ServerResponse | undefined;
  const here = await world((request, response) => {
    if (request.url === '/predict') answer = response;
    else {
      response.end('{}');
      answer!.statusCode = 499;
      answer!.end('{"detail":"stopped"}');
    }
  });
  const running = here.agent.run();
  const id = await here.submit('{}', { path: '/predict' });
  await inState(here, id, 'IN_PROGRESS');
  await here.queue.cancel(id);
  expect((await ended(here, id)).outcome).toMatchObject({ status: 499, cancelled: true });
  expect(here.process.paths).toEqual(['POST /predict', 'POST /predict/cancel']);
  await here.agent.drain('test', 1000);
  await running;
});

test('a draining runner claims nothing and hands back what it cannot finish in time', async () => {
  const here = await world(() => undefined);
  const running = here.agent.run();
  const id = await here.submit();
  await inState(here, id, 'IN_PROGRESS');
  await here.agent.drain('deploy', 50);
  const later = await here.submit();
  await running;
  expect(await here.requests.get(id)).toMatchObject({ state: 'IN_QUEUE', refunds: 1 });
  expect(await here.requests.get(later)).toMatchObject({ state: 'IN_QUEUE', attempt: 0 });
  expect(await exitOf(here)).toMatchObject({ exit: 'drained', exitReason: 'deploy' });
});

test('a runner does not retire below the floor', async () => {
  const here = await world(echo, { keep_alive: 0 });
  await here.runners.setFloor(APP, 'r1', 1);
  const running = here.agent.run();
  await ended(here, await here.submit());
  await sleep(100);
  expect(await here.runners.readySet(APP, 'r1')).toEqual({ floor: 1, runners: [here.record.id] });
  await here.runners.setFloor(APP, 'r1', 0);
  await running;
  expect(await exitOf(here)).toMatchObject({ exit: 'retired' });
});

test('a runner kept by the floor asks to retire with its heartbeats, no more often', async () => {
  const here = await world(echo, { keep_alive: 0 });
  await here.runners.setFloor(APP, 'r1', 1);
  let reports = 0;
  let asked = 0;
  const { readySet, retire } = here.runners;
  here.runners.readySet = (...args) => {
    reports += 1;
    return readySet.apply(here.runners, args);
  };
  here.runners.retire = (...args) => {
    asked += 1;
    return retire.apply(here.runners, args);
  };
  const running = here.agent.run();
  await ended(here, await here.submit());
  const [reportsBefore, askedBefore] = [reports, asked];
  await sleep(10 * HEARTBEAT_MS);
  expect(asked - askedBefore).toBeGreaterThan(0);
  expect(asked - askedBefore).toBeLessThanOrEqual(11);
  expect(reports - reportsBefore).toBeLessThanOrEqual(12);
  await here.agent.drain('test', 1000);
  await running;
});

test('an answer with more than 16 KB of headers fails, and its runner stays', async () => {
  const here = await world((request, response) => {
    if (request.url === '/large') for (let n = 0; n < 20; n++) response.setHeader(`x-custom-${n}`, 'x'.repeat(1000));
    response.end('{}');
  });
  const running = here.agent.run();
  const large = await ended(here, await here.submit('{}', { path: '/large' }));
  expect(large.outcome).toMatchObject({ status: 500, errorType: 'runner_server_error' });
  expect((await ended(here, await here.submit())).outcome).toMatchObject({ status: 200 });
  await here.agent.drain('test', 1000);
  await running;
  expect(await exitOf(here)).toMatchObject({ exit: 'drained', served: 2 });
});

test('a streamed answer is in the event log as it comes and in the result as a whole', async () => {
  let answer: ServerResponse | undefined;
  const here = await world((_request, response) => {
    response.setHeader('content-type', 'text/event-stream');
    response.write('data: 1\n\n');
    answer = response;
  });
  const running = here.agent.run();
  const id = await here.submit();
  const events = await until(async () => {
    const seen = await here.requests.events(id, undefined, 10);
    return seen.length >= 2 ? seen : undefined;
  });
  expect(events.map(({ kind }) => kind)).toEqual(['response', 'chunk']);
  expect((await here.requests.get(id))?.state).toBe('IN_PROGRESS');
  answer!.end('data: 2\n\n');
  await ended(here, id);
  expect(await text(here, id)).toBe('data: 1\n\ndata: 2\n\n');
  await here.agent.drain('test', 1000);
  await running;
});

test('an answer broken off by the app is retried as incomplete', async () => {
  const here = await world((_request, response) => {
    response.setHeader('content-length', '1000');
    response.write('half');
    setTimeout(() => response.destroy(), 10);
  });
  const running = here.agent.run();
  const id = await here.submit('{}', { retry: { server_error: 0 } });
  expect((await ended(here, id)).outcome).toMatchObject({ status: 502, errorType: 'runner_incomplete_response' });
  await running;
});

test('a large answer goes to the blob store', async () => {
  const here = await world((_request, response) => {
    const body = Buffer.alloc(1_000_000, 'x');
    response.setHeader('content-length', body.length);
    response.end(body);
  });
  const running = here.agent.run();
  const id = await here.submit();
  await ended(here, id);
  const response = await here.requests.response(id);
  expect(response?.body).toEqual({ blob: `requests/${id}/response-1` });
  expect(await here.blobs.info(`requests/${id}/response-1`)).toMatchObject({ size: 1_000_000 });
  await here.agent.drain('test', 1000);
  await running;
});

test('a line the app prints goes to the log of its request', async () => {
  let answer: ServerResponse | undefined;
  const here = await world((_request, response) => (answer = response));
  const running = here.agent.run();
  const id = await here.submit();
  await inState(here, id, 'IN_PROGRESS');
  await until(() => Promise.resolve(answer));
  here.process.print({ level: 'STDOUT', message: 'step 1 of 2' });
  here.process.print({ level: 'STDERR', message: 'for nobody', requestId: 'another' });
  answer!.end('{}');
  await ended(here, id);
  const events = await here.requests.events(id, undefined, 10);
  expect(events).toEqual([expect.objectContaining({ kind: 'log', level: 'STDOUT', message: 'step 1 of 2' })]);
  expect(here.lines).toHaveLength(2);
  await here.agent.drain('test', 1000);
  await running;
});

test('an app that ends before it is ready is a failed start, and its own words are the reason', async () => {
  const here = await world(echo);
  here.process.url = () => new Promise(() => undefined);
  const running = here.agent.run();
  here.process.crash('exit code 1');
  await running;
  expect(await exitOf(here)).toMatchObject({ exit: 'startup_failed', exitReason: 'exit code 1' });
});

test('an app that never opens its port is given up after startup_timeout', async () => {
  const here = await world(echo, { startup_timeout: 1 });
  here.process.url = () => new Promise(() => undefined);
  await here.agent.run();
  expect(await exitOf(here)).toMatchObject({
    exit: 'startup_timeout',
    exitReason: expect.stringContaining('port') as string,
  });
});

test('a runner that lost its lease drops the answer: it belongs to whoever has the request now', async () => {
  let answer: ServerResponse | undefined;
  const here = await world((_request, response) => (answer ??= response));
  const running = here.agent.run();
  const id = await here.submit();
  const head = await inState(here, id, 'IN_PROGRESS');
  await until(() => Promise.resolve(answer));
  await here.requests.replace({
    ...head,
    attempt: 2,
    lease: { runner: 'other', expiresAt: clock.now() + 60_000 },
    version: (await here.requests.get(id))!.version + 1,
  });
  answer!.end('{"late":true}');
  await sleep(100);
  expect(await here.requests.get(id)).toMatchObject({ state: 'IN_PROGRESS', lease: { runner: 'other' } });
  expect(await here.requests.response(id)).toBeUndefined();
  await here.agent.drain('test', 100);
  await running;
});
