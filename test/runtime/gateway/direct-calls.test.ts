import { APP, TestPlatform, until } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform({ streamResumeMs: 0 });
  await platform.addApp();
});
afterEach(() => platform.end());

/** Calls the app and returns the pending answer together with the claimed request. */
async function called(path: string, init: RequestInit = {}) {
  const answer = platform.fetch(path, { method: 'POST', ...init });
  await until(() => platform.requests.all().some((head) => head.state === 'IN_QUEUE'));
  return { answer, claim: await platform.claim() };
}

describe('a direct call', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'with %s reaches the app as it is',
    async (method) => {
      const { answer, claim } = await called(`/run/${APP}/a%2Fb/?x=%20&y`, { method });
      expect(claim.input).toMatchObject({ method, target: '/a%2Fb/?x=%20&y' });
      expect(claim.head).toMatchObject({ mode: 'run', path: '/a%2Fb/' });
      await claim.answer(201, { method }, { 'x-own': 'kept' });
      const response = await answer;
      expect([response.status, await response.json()]).toEqual([201, { method }]);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-own': 'kept',
        'x-fal-request-id': claim.head.id,
      });
    },
  );

  test('with HEAD gets the headers alone, length included', async () => {
    const { answer, claim } = await called(`/run/${APP}`, { method: 'HEAD' });
    const response = { status: 200, headers: { 'content-length': '77' }, body: { bytes: new Uint8Array() } };
    await claim.complete({ status: 200 }, response);
    expect([(await answer).headers.get('content-length'), await (await answer).text()]).toEqual(['77', '']);
  });

  test('does not look at the body: malformed JSON is the app’s to refuse', async () => {
    const headers = { 'content-type': 'application/json' };
    const { answer, claim } = await called(`/run/${APP}`, { headers, body: '{"a":' });
    expect(claim.text).toBe('{"a":');
    await claim.answer(422, { detail: 'bad' });
    expect((await answer).status).toBe(422);
  });

  test('of an app that fails is answered with the failure and not retried', async () => {
    const { answer, claim } = await called(`/run/${APP}`);
    await platform.queue.retry(claim.head.id, { runner: 'runner-1', attempt: 1 }, 'server_error', {
      status: 503,
      errorType: 'runner_disconnected',
      error: 'gone',
    });
    expect((await answer).status).toBe(503);
    expect(await (await answer).json()).toEqual({ detail: 'gone', error_type: 'runner_disconnected' });
  });

  test('that nobody starts in time is 504 of type user, and over', async () => {
    const answer = platform.fetch(`/run/${APP}`, { method: 'POST', headers: { 'x-fal-request-timeout': '0.2' } });
    await until(() => platform.requests.all().length === 1);
    platform.clock.advance(200);
    const response = await answer;
    expect([response.status, response.headers.get('x-fal-request-timeout-type')]).toEqual([504, 'user']);
    expect(platform.requests.all()[0]?.state).toBe('COMPLETED');
  });

  test('is cancelled when the caller hangs up, waiting or running', async () => {
    for (const claimed of [false, true]) {
      const caller = new AbortController();
      const answer = platform.fetch(`/run/${APP}`, { method: 'POST', signal: caller.signal });
      await until(() => platform.requests.all().some((head) => head.state === 'IN_QUEUE'));
      if (claimed) await platform.claim();
      caller.abort();
      expect((await answer).status).toBe(499);
      await until(() => platform.requests.all().every((head) => head.cancelRequested === true));
    }
  });

  test('of an unknown app is 404', async () => {
    const response = await platform.fetch('/run/local/nothing/predict', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([
      404,
      { detail: 'Application "local/nothing" not found' },
    ]);
  });
});

describe('the root', () => {
  test('reaches the only app, with any method and path', async () => {
    for (const path of ['/', '/predict?x=1', '/health']) {
      const { answer, claim } = await called(path, { method: 'PUT' });
      expect(claim.input).toMatchObject({ method: 'PUT', target: path });
      await claim.answer(200, 'fine');
      expect(await (await answer).text()).toBe('fine');
    }
  });

  test('lists several apps, those the caller may call', async () => {
    await platform.addApp('other/private');
    await platform.addApp('other/open', { auth: 'public' });
    const response = await platform.fetch('/');
    expect(await response.json()).toEqual({
      apps: ['local/echo', 'other/open'].map((id) => ({
        id,
        run: `http://localhost:8000/run/${id}`,
        queue: `http://localhost:8000/queue/${id}`,
      })),
    });
    expect((await platform.fetch('/predict', { method: 'POST' })).status).toBe(404);
  });

  test('never takes the gateway’s own prefixes for a path of the app', async () => {
    for (const path of ['/rest/nothing', '/cdn', '/queue', '/run']) {
      expect((await platform.fetch(path)).status).toBe(404);
    }
    expect(platform.requests.all()).toEqual([]);
  });
});

describe('a streamed answer', () => {
  const decoder = new TextDecoder();
  const SSE = { 'content-type': 'text/event-stream; charset=utf-8' };

  async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
    const { value } = await reader.read();
    return value && decoder.decode(value);
  }

  async function streaming(headers: Record<string, string>, init: RequestInit = {}) {
    const { answer, claim } = await called(`/run/${APP}/stream`, init);
    await claim.begin(headers);
    const response = await answer;
    return { claim, response, reader: (response.body as ReadableStream<Uint8Array>).getReader() };
  }

  test('is sent on chunk by chunk, before it is complete', async () => {
    const { claim, response, reader } = await streaming({ 'content-type': 'application/octet-stream' });
    expect(Object.fromEntries(response.headers)).toMatchObject({ 'x-fal-request-id': claim.head.id });
    await claim.send('one');
    expect(await next(reader)).toBe('one');
    await claim.send('two');
    expect(await next(reader)).toBe('two');
    await claim.complete({ status: 200 });
    expect(await next(reader)).toBeUndefined();
  });

  test('that is an event stream gets ids and can be picked up again in the middle of a chunk', async () => {
    const { claim, reader } = await streaming(SSE);
    await claim.send('data: 1\n\nda', 'ta: 2\n\ndata: 3\n\n');
    const id = `${claim.head.id}-1`;
    expect(await next(reader)).toBe(`data: 1\nid: ${id}-1-9\n\nda`);
    expect(await next(reader)).toBe(`ta: 2\nid: ${id}-2-7\n\ndata: 3\nid: ${id}-2-16\n\n`);
    const resumed = await platform.fetch(`/run/${APP}/stream`, { headers: { 'last-event-id': `${id}-1-9` } });
    await claim.complete({ status: 200 });
    expect(resumed.headers.get('content-type')).toBe(SSE['content-type']);
    expect(await resumed.text()).toBe(`data: 2\nid: ${id}-2-7\n\ndata: 3\nid: ${id}-2-16\n\n`);
    const atEnd = await platform.fetch(`/run/${APP}/stream`, { headers: { 'last-event-id': `${id}-2-16` } });
    expect(atEnd.status).toBe(204);
    expect(platform.requests.all()).toHaveLength(1);
  });

  test('of somebody else can’t be picked up', async () => {
    const { claim, reader } = await streaming(SSE);
    await claim.send('data: 1\n\n');
    const response = await platform.fetch(`/run/${APP}/stream`, {
      headers: { 'last-event-id': `${claim.head.id}-1-1-0`, authorization: await platform.authorization('stranger') },
    });
    expect(response.status).toBe(404);
    await reader.cancel();
  });

  test('passes a Last-Event-ID of the app’s own to the app', async () => {
    const { answer, claim } = await called(`/run/${APP}/stream`, { headers: { 'last-event-id': '7' } });
    expect(claim.input.headers['last-event-id']).toBe('7');
    await claim.answer(200, 'fine');
    await answer;
  });

  test.each([SSE, { 'content-type': 'audio/wav' }])(
    'of %j is cancelled when its reader goes away for good',
    async (type) => {
      const { claim, reader } = await streaming(type);
      await reader.cancel();
      await until(async () => (await platform.requests.get(claim.head.id))?.cancelRequested === true);
    },
  );

  test('breaks off when the runner is lost half way', async () => {
    const { claim, reader } = await streaming({ 'content-type': 'audio/wav' });
    await claim.send('half');
    expect(await next(reader)).toBe('half');
    await claim.complete({ status: 503, errorType: 'runner_disconnected', error: 'gone' });
    await expect(reader.read()).rejects.toThrow('gone');
  });
});

test('a dropped event stream that is picked up in time is not cancelled', async () => {
  const patient = new TestPlatform({ streamResumeMs: 60_000 });
  await patient.addApp();
  const answer = patient.fetch(`/run/${APP}`, { method: 'POST' });
  await until(() => patient.requests.all().length === 1);
  const claim = await patient.claim();
  await claim.begin({ 'content-type': 'text/event-stream' });
  await (await answer).body?.cancel();
  await claim.send('data: 1\n\n');
  const resumed = await patient.fetch('/', { headers: { 'last-event-id': `${claim.head.id}-1-0-0` } });
  await claim.complete({ status: 200 });
  expect(await resumed.text()).toContain('data: 1');
  expect((await patient.requests.get(claim.head.id))?.cancelRequested).toBeUndefined();
});
