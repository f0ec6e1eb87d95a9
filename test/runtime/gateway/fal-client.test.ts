/** The unmodified `@fal-ai/client` against a listening gateway, re-pointed by configuration alone. */
import { ApiError, createFalClient, ValidationError, type FalClient, type QueueStatus } from '@fal-ai/client';
import { APP, TestPlatform, until, type Claim } from './test-platform';

type ClientConfig = NonNullable<Parameters<typeof createFalClient>[0]>;

const byProxyUrl = (origin: string): ClientConfig => ({ proxyUrl: { url: `${origin}/proxy`, when: 'always' } });

const SERVICES: Readonly<Record<string, string>> = {
  'fal.run': 'run',
  'queue.fal.run': 'queue',
  'rest.fal.ai': 'rest',
};

const byMiddleware = (origin: string): ClientConfig => ({
  requestMiddleware: (request) => {
    const { hostname, pathname, search } = new URL(request.url);
    return Promise.resolve({ ...request, url: `${origin}/${SERVICES[hostname]}${pathname}${search}` });
  },
});

describe.each([
  ['proxyUrl', byProxyUrl],
  ['requestMiddleware', byMiddleware],
])('re-pointed by %s', (_name, configuration) => {
  let platform: TestPlatform;
  let fal: FalClient;

  beforeEach(async () => {
    platform = new TestPlatform({ requireKey: true, streamResumeMs: 0 });
    await platform.addApp();
    const authorization = await platform.authorization('local');
    const credentials = authorization.slice('Key '.length);
    fal = createFalClient({ credentials, retry: { maxRetries: 0 }, ...configuration(await platform.listen()) });
  });
  afterEach(() => platform.end());

  const echo = (claim: Claim): Promise<void> =>
    claim.answer(200, { path: claim.head.path, input: claim.text === '' ? null : (JSON.parse(claim.text) as unknown) });

  test('run answers with the data and the request id', async () => {
    platform.runAgent(echo);
    const answer = await fal.run(`${APP}/predict`, { input: { prompt: 'cat' } });
    const { data, requestId } = answer as { data: unknown; requestId: string };
    expect(data).toEqual({ path: '/predict', input: { prompt: 'cat' } });
    expect(requestId).toBe(platform.requests.all()[0]?.id);
  });

  test.each(['polling', 'streaming'] as const)('subscribe by %s shows queue, logs and result', async (mode) => {
    const updates: QueueStatus[] = [];
    const result = fal.subscribe(APP, {
      input: { prompt: 'cat' },
      logs: true,
      mode,
      ...(mode === 'polling' ? { pollInterval: 20 } : {}),
      onQueueUpdate: (update: QueueStatus) => void updates.push(update),
    } as Parameters<FalClient['subscribe']>[1]);
    await until(() => updates.some(({ status }) => status === 'IN_QUEUE'));
    const claim = await platform.claim();
    await claim.log('working');
    await until(() => updates.some((update) => update.status === 'IN_PROGRESS' && update.logs.length > 0));
    await echo(claim);
    expect((await result).data).toEqual({ path: '/', input: { prompt: 'cat' } });
    expect(updates.at(-1)).toMatchObject({
      status: 'COMPLETED',
      logs: [expect.objectContaining({ message: 'working' })],
    });
  });

  test('submit, status, result; without an input too', async () => {
    const { request_id: requestId } = await fal.queue.submit(`${APP}/predict`, { input: undefined });
    expect(await fal.queue.status(APP, { requestId })).toMatchObject({ status: 'IN_QUEUE', queue_position: 0 });
    await echo(await platform.claim());
    expect(await fal.queue.status(APP, { requestId, logs: true })).toMatchObject({ status: 'COMPLETED', logs: [] });
    expect(await fal.queue.result(APP, { requestId })).toEqual({ data: { path: '/predict', input: null }, requestId });
  });

  test('cancel', async () => {
    const { request_id: requestId } = await fal.queue.submit(APP, { input: {}, priority: 'low' });
    await fal.queue.cancel(APP, { requestId });
    const error = await fal.queue.result(APP, { requestId }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 499, body: { error_type: 'client_cancelled' } });
  });

  test('stream yields each event and ends with the last', async () => {
    platform.runAgent(async (claim) => {
      await claim.begin({ 'content-type': 'text/event-stream' });
      await claim.send('data: {"n":1}\n\ndata: {"n"', ':2}\n\n');
      await claim.complete({ status: 200 });
    });
    const stream = await fal.stream(APP, { input: {} });
    const events: unknown[] = [];
    for await (const event of stream) events.push(event);
    expect(events).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await stream.done()).toEqual({ n: 2 });
    expect(platform.requests.all()[0]?.path).toBe('/stream');
  });

  test('a validation error arrives with its fields', async () => {
    const detail = [{ loc: ['body', 'prompt'], msg: 'required', type: 'missing' }];
    platform.runAgent((claim) => claim.answer(422, { detail }));
    for (const call of [fal.run(APP, { input: {} }), fal.subscribe(APP, { input: {}, pollInterval: 20 })]) {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as ValidationError).fieldErrors).toEqual(detail);
    }
  });

  test('a start timeout is 504', async () => {
    const call = fal.run(APP, { input: {}, startTimeout: 2 }).catch((thrown: unknown) => thrown);
    await until(() => platform.requests.all().length === 1);
    platform.clock.advance(2_000);
    const [head] = platform.requests.all();
    await platform.queue.elapse(head?.id ?? '');
    expect(await call).toMatchObject({ status: 504, body: { error_type: 'request_timeout' } });
  });

  test('an upload can be read back', async () => {
    const url = await fal.storage.upload(new Blob(['hello'], { type: 'text/plain' }));
    expect(await (await fetch(url)).text()).toBe('hello');
  });

  test('a caller that aborts has its request cancelled', async () => {
    const caller = new AbortController();
    const call = fal.run(APP, { input: {}, abortSignal: caller.signal }).catch(() => undefined);
    await until(() => platform.requests.all().length === 1);
    caller.abort();
    await call;
    await until(() => platform.requests.all()[0]?.state === 'COMPLETED');
    expect(platform.requests.all()[0]?.outcome?.cancelled).toBe(true);
  });
});
