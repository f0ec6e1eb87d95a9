/** `@fal-ai/client`, unmodified, against a whole platform with real Python apps; re-pointed by configuration alone. */
import {
  ApiError,
  createFalClient,
  ValidationError,
  type FalClient,
  type QueueStatus,
  type Result,
} from '@fal-ai/client';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../contract/eventually';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

type ClientConfig = NonNullable<Parameters<typeof createFalClient>[0]>;

const STUDIO = 'local/studio';
const WORKER = 'local/worker';
const GIANT = 'local/giant';
const APPS = join(__dirname, 'apps', 'studio.py');

const SERVICES: Readonly<Record<string, string>> = {
  'fal.run': 'run',
  'queue.fal.run': 'queue',
  'rest.fal.ai': 'rest',
};

const byProxyUrl = (url: string): ClientConfig => ({ proxyUrl: { url, when: 'always' } });

const byMiddleware = (url: string): ClientConfig => ({
  requestMiddleware: (request) => {
    const { hostname, pathname, search } = new URL(request.url);
    return Promise.resolve({ ...request, url: `${url}/${SERVICES[hostname]}${pathname}${search}` });
  },
});

const folder = new TestFolder();
let sgpu: Sgpu;

beforeAll(async () => {
  sgpu = await Sgpu.serve([`${APPS}::Studio`, `${APPS}::Worker`, `${APPS}::Giant`], { folder: folder.path });
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

describe.each([
  ['proxyUrl', byProxyUrl],
  ['requestMiddleware', byMiddleware],
])('set up with %s', (setting, configuration) => {
  let fal: FalClient;
  beforeAll(() => {
    fal = createFalClient({ credentials: sgpu.key, ...configuration(sgpu.url) });
  });

  /** Work that ends when its gate is opened. */
  function job(name: string): { readonly name: string; readonly journal: string; readonly gate: string } {
    return { name, journal: folder.file(`${setting}-journal`), gate: folder.file(`${setting}-${name}`) };
  }
  function open({ gate }: ReturnType<typeof job>): void {
    writeFileSync(gate, '');
  }
  async function begun(name: string): Promise<void> {
    await eventually(async () => {
      expect(folder.lines(`${setting}-journal`)).toContain(name);
    });
  }
  async function submit(input: ReturnType<typeof job>, priority: 'low' | 'normal' = 'normal'): Promise<string> {
    return (await fal.queue.submit(WORKER, { input, priority })).request_id;
  }
  const dataOf = async (call: Promise<Result<unknown>>): Promise<unknown> => (await call).data;
  const thrownBy = (call: Promise<unknown>): Promise<unknown> => call.catch((thrown: unknown) => thrown);
  const resultOf = (requestId: string): Promise<unknown> => fal.queue.result(WORKER, { requestId });
  const finished = (requestId: string): Promise<void> =>
    eventually(async () => {
      expect((await fal.queue.status(WORKER, { requestId })).status).toBe('COMPLETED');
    });

  test('run answers with what the app returned', async () => {
    const answer: unknown = await fal.run(STUDIO, { input: { prompt: 'a cat' } });
    expect(answer).toEqual({
      data: { painted: 'a cat' },
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    });
  });

  test.each(['polling', 'streaming'] as const)(
    'subscribe by %s shows the way of a request and its log',
    async (mode) => {
      const updates: QueueStatus[] = [];
      const data = await dataOf(
        fal.subscribe(STUDIO, {
          input: { prompt: 'a dog' },
          logs: true,
          mode,
          onQueueUpdate: (update: QueueStatus) => void updates.push(update),
        } as Parameters<FalClient['subscribe']>[1]),
      );
      expect(data).toEqual({ painted: 'a dog' });
      expect(updates.at(-1)).toMatchObject({
        status: 'COMPLETED',
        logs: expect.arrayContaining([expect.objectContaining({ message: 'painting a dog' })]) as unknown,
      });
    },
  );

  test('a submitted request has a status until it has a result', async () => {
    const [blocker, behind] = [job('first'), job('second')];
    const ahead = await submit(blocker);
    await begun('first');
    const requestId = await submit(behind);
    expect(await fal.queue.status(WORKER, { requestId: ahead })).toMatchObject({ status: 'IN_PROGRESS' });
    expect(await fal.queue.status(WORKER, { requestId })).toMatchObject({ status: 'IN_QUEUE', queue_position: 0 });
    expect(await thrownBy(resultOf(requestId))).toMatchObject({ status: 400 });
    open(blocker);
    open(behind);
    await finished(requestId);
    expect(await resultOf(requestId)).toMatchObject({ data: { name: 'second' }, requestId });
  });

  test('a cancelled request that waited never begins', async () => {
    const [blocker, behind] = [job('holding'), job('unwanted')];
    const ahead = await submit(blocker);
    await begun('holding');
    const requestId = await submit(behind);
    await fal.queue.cancel(WORKER, { requestId });
    expect(await thrownBy(resultOf(requestId))).toMatchObject({
      status: 499,
      body: { error_type: 'client_cancelled' },
    });
    open(blocker);
    await finished(ahead);
    expect(folder.lines(`${setting}-journal`)).not.toContain('unwanted');
  });

  test('a running request is cancelled by its app', async () => {
    const requestId = await submit(job('endless'));
    await begun('endless');
    await fal.queue.cancel(WORKER, { requestId });
    await finished(requestId);
    expect(await thrownBy(resultOf(requestId))).toMatchObject({ status: 499, body: { detail: 'laid down' } });
  });

  test('a finished request can no longer be cancelled', async () => {
    const { requestId } = await fal.subscribe(STUDIO, { input: { prompt: 'done' } });
    const error = await thrownBy(fal.queue.cancel(STUDIO, { requestId }));
    expect(error).toMatchObject({ status: 400, body: { status: 'ALREADY_COMPLETED' } });
    expect(await fal.queue.result(STUDIO, { requestId })).toEqual({ data: { painted: 'done' }, requestId });
  });

  test('a caller that aborts stops its running request', async () => {
    const caller = new AbortController();
    const call = thrownBy(fal.run(WORKER, { input: job('abandoned'), abortSignal: caller.signal }));
    await begun('abandoned');
    caller.abort();
    await call;
    const next = job('after the abandoned');
    open(next);
    expect((await fal.subscribe(WORKER, { input: next })).data).toMatchObject({ name: 'after the abandoned' });
  });

  test('low priority goes last', async () => {
    const [blocker, low, normal] = [job('in front'), job('low'), job('normal')];
    await submit(blocker);
    await begun('in front');
    const last = await submit(low, 'low');
    await submit(normal);
    [blocker, low, normal].forEach(open);
    await finished(last);
    expect(folder.lines(`${setting}-journal`).slice(-3)).toEqual(['in front', 'normal', 'low']);
  });

  test('a request that does not begin within its start timeout ends with 504', async () => {
    const blocker = job('slow');
    const ahead = await submit(blocker);
    await begun('slow');
    const error = await thrownBy(fal.subscribe(WORKER, { input: job('impatient'), startTimeout: 1.5 }));
    expect(error).toMatchObject({ status: 504, body: { error_type: 'request_timeout' } });
    open(blocker);
    await finished(ahead);
    expect(folder.lines(`${setting}-journal`)).not.toContain('impatient');
  });

  test('stream yields what the app yields', async () => {
    const stream = await fal.stream(STUDIO, { input: { prompt: 'a bird' } });
    const strokes: unknown[] = [];
    for await (const event of stream) strokes.push((event as { stroke: number }).stroke);
    expect(strokes).toEqual([1, 2, 3]);
    expect(await stream.done()).toEqual({ prompt: 'a bird', stroke: 3 });
  });

  test('a file in the input is uploaded and its URL given to the app', async () => {
    const data = await dataOf(
      fal.subscribe(`${STUDIO}/read`, {
        input: { file: new Blob(['brushes'], { type: 'text/plain' }) },
      }),
    );
    expect(data).toEqual({ content: 'brushes' });
  });

  test('a file that the app made can be read by its URL', async () => {
    const data = await dataOf(fal.subscribe(`${STUDIO}/frame`, { input: { prompt: 'gold' } }));
    const { file } = data as { file: { url: string; content_type: string } };
    expect(await (await fetch(file.url)).text()).toBe('gold');
    expect(file.content_type).toBe('text/plain');
  });

  test.each(['run', 'subscribe'] as const)('%s tells which field is wrong', async (call) => {
    const missing = await thrownBy(fal[call](STUDIO, { input: {} }));
    expect(missing).toBeInstanceOf(ValidationError);
    expect((missing as ValidationError).fieldErrors).toMatchObject([{ loc: ['body', 'prompt'], type: 'missing' }]);
    const refused = await thrownBy(fal[call](`${STUDIO}/field`, { input: { prompt: 'nothing' } }));
    expect(refused).toBeInstanceOf(ValidationError);
    expect((refused as ValidationError).fieldErrors).toMatchObject([{ msg: "nothing can't be painted" }]);
  });

  test.each(['run', 'subscribe'] as const)('%s passes on what the app raised', async (call) => {
    const raised = await thrownBy(fal[call](`${STUDIO}/raise`, { input: {} }));
    expect(raised).toBeInstanceOf(ApiError);
    expect(raised).toMatchObject({ status: 500 });
    const refused = await thrownBy(fal[call](`${STUDIO}/refuse`, { input: {} }));
    expect(refused).toMatchObject({ status: 418, body: { detail: 'The canvas is taken' } });
  });

  test('an app or endpoint that is not there is not found', async () => {
    expect(await thrownBy(fal.subscribe('local/nobody', { input: {} }))).toMatchObject({
      status: 404,
      body: { detail: 'Application "local/nobody" not found' },
    });
    expect(await thrownBy(fal.subscribe(`${STUDIO}/nothing`, { input: {} }))).toMatchObject({ status: 404 });
  });

  test('a request whose runner ran out of GPU memory finishes on a new runner', async () => {
    const marker = folder.file(`${setting}-giant`);
    const data = await dataOf(fal.subscribe(GIANT, { input: { marker } }));
    const { first, then } = data as { first: string; then: string };
    expect(first).toBe(readFileSync(marker, 'utf8'));
    expect(then).not.toBe(first);
  });
});

test('two apps work at once', async () => {
  const fal = createFalClient({ credentials: sgpu.key, ...byProxyUrl(sgpu.url) });
  const journal = folder.file('side-by-side');
  const gate = folder.file('side-by-side-gate');
  const held = fal.subscribe(WORKER, { input: { name: 'held', journal, gate } });
  await eventually(async () => {
    expect(folder.lines('side-by-side')).toEqual(['held']);
  });
  expect((await fal.subscribe(STUDIO, { input: { prompt: 'meanwhile' } })).data).toEqual({ painted: 'meanwhile' });
  writeFileSync(gate, '');
  expect((await held).data).toMatchObject({ name: 'held' });
});
