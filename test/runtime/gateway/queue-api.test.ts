import { AppChanges } from '../../../runtime/apps/app-changes';
import { APP, TestPlatform, UNKNOWN_ID } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp();
});
afterEach(() => platform.end());

const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

describe('submit', () => {
  test('answers 200 with the id, the URLs under the host that was asked, and the place in the queue', async () => {
    await platform.submit();
    const response = await platform.post(`/queue/${APP}/predict`, { a: 1 });
    const body = await json(response);
    const url = `http://localhost:8000/queue/${APP}/requests/${String(body.request_id)}`;
    expect(response.status).toBe(200);
    expect(response.headers.get('x-fal-request-id')).toBe(body.request_id);
    expect(body).toEqual({
      status: 'IN_QUEUE',
      request_id: body.request_id,
      gateway_request_id: body.request_id,
      queue_position: 1,
      response_url: url,
      status_url: `${url}/status`,
      cancel_url: `${url}/cancel`,
    });
    expect(platform.poked).toEqual([APP, APP]);
  });

  test('URLs have the scheme that a proxy in front reports', async () => {
    const response = await platform.post(`/queue/${APP}`, {}, { 'x-forwarded-proto': 'https' });
    expect(await json(response)).toMatchObject({
      status_url: expect.stringMatching(/^https:\/\/localhost:8000\/queue\//),
    });
  });

  test('the app gets path, query, body and headers, without what is the platform’s', async () => {
    const query = 'size=2&fal_webhook=https%3A%2F%2Fa.example%2Fhook&x=%2F';
    await platform.post(
      `/queue/${APP}/predict?${query}`,
      { a: 1 },
      {
        authorization: 'Key made:up',
        'x-custom': 'yes',
        'x-fal-caller-user-id': 'somebody else',
        'x-fal-made-up': 'no',
        'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":60}',
      },
    );
    const { head, input } = await platform.claim();
    expect(head).toMatchObject({ path: '/predict', caller: 'local', webhook: { url: 'https://a.example/hook' } });
    expect(input).toMatchObject({ method: 'POST', target: '/predict?size=2&x=%2F' });
    expect(input.headers).toEqual({
      'content-type': 'application/json',
      'x-custom': 'yes',
      'x-fal-request-id': head.id,
      'x-fal-endpoint': 'local/echo/predict',
      'x-fal-caller-user-id': 'local',
      'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":60}',
      'x-fal-cdn-token': expect.any(String),
    });
  });

  test('a body may be empty', async () => {
    const response = await platform.fetch(`/queue/${APP}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(200);
    expect((await platform.claim()).text).toBe('');
  });

  test('a lifecycle preference is always set', async () => {
    await platform.submit(undefined, {}, { 'x-fal-object-lifecycle-preference': 'nonsense' });
    expect((await platform.claim()).input.headers['x-fal-object-lifecycle-preference']).toBe('{}');
  });

  test('a large body goes to the blob store whole', async () => {
    const text = 'x'.repeat(400_000);
    const id = await platform.submit(undefined, text);
    const { input } = await platform.claim();
    expect(input.body).toEqual({ blob: `requests/${id}/input` });
    expect((await platform.blobs.info(`requests/${id}/input`))?.size).toBe(text.length + 2);
  });

  test('a body over the limit is refused with 413, by its declared length or as it comes, and leaves nothing', async () => {
    const declared = await platform.fetch(`/queue/${APP}`, {
      method: 'POST',
      headers: { 'content-length': '1000001' },
      body: 'short',
    });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(100_000);
    }
    const streamed = await platform.fetch(`/queue/${APP}`, {
      method: 'POST',
      body: ReadableStream.from(endless()),
      duplex: 'half',
    });
    expect([declared.status, streamed.status]).toEqual([413, 413]);
    expect(platform.requests.all()).toEqual([]);
  });

  test('malformed JSON is refused with 422 in the form of a validation error', async () => {
    const response = await platform.fetch(`/queue/${APP}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":',
    });
    expect(response.status).toBe(422);
    expect(await json(response)).toEqual({
      detail: [{ loc: ['body'], msg: expect.stringContaining('not valid JSON'), type: 'json_invalid' }],
    });
  });

  test('fal_max_queue_length refuses only when more than that many wait', async () => {
    await platform.submit();
    expect((await platform.post(`/queue/${APP}?fal_max_queue_length=1`)).status).toBe(200);
    expect((await platform.post(`/queue/${APP}?fal_max_queue_length=1`)).status).toBe(429);
  });

  test.each(['fal_webhook=not-a-url', 'fal_webhook=file%3A%2F%2F%2Fetc', 'fal_max_queue_length=many'])(
    'the parameter %s is a bad request',
    async (query) => {
      const response = await platform.post(`/queue/${APP}?${query}`);
      expect(response.status).toBe(400);
      expect(response.headers.get('x-fal-error-type')).toBe('bad_request');
    },
  );

  test('an app that is being removed takes no more requests, and says so', async () => {
    await platform.addApp('local/leaving');
    await new AppChanges(platform.apps, platform.clock).close('local/leaving');
    const response = await platform.post('/queue/local/leaving');
    expect(response.status).toBe(410);
    expect(await json(response)).toEqual({
      detail: 'Application "local/leaving" is being removed and takes no more requests',
    });
  });

  test('an unknown app is 404 by fal’s words', async () => {
    const response = await platform.post('/queue/local/nothing');
    expect(response.status).toBe(404);
    expect(await json(response)).toEqual({ detail: 'Application "local/nothing" not found' });
    expect(response.headers.get('x-fal-request-id')).toBeTruthy();
  });

  test('only POST submits', async () => {
    const response = await platform.fetch(`/queue/${APP}`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('platform headers', () => {
  test('all normal requests go before any low one', async () => {
    const low = await platform.submit(undefined, {}, { 'x-fal-queue-priority': 'low' });
    const normal = await platform.submit(undefined, {}, { 'x-fal-queue-priority': 'normal' });
    expect((await platform.claim()).head.id).toBe(normal);
    expect((await platform.claim()).head.id).toBe(low);
  });

  test.each(['x-fal-request-timeout', 'x-fal-request-start-timeout'])('%s sets the start deadline', async (name) => {
    const id = await platform.submit(undefined, {}, { [name]: '30.0' });
    expect((await platform.requests.get(id))?.startDeadline).toBe(platform.clock.now() + 30_000);
  });

  test('the newer start timeout wins over the older', async () => {
    const headers = { 'x-fal-request-timeout': '30', 'x-fal-request-start-timeout': '5' };
    const id = await platform.submit(undefined, {}, headers);
    expect((await platform.requests.get(id))?.startDeadline).toBe(platform.clock.now() + 5_000);
  });

  test.each(['0.1', '-1', 'soon', '', 'Infinity'])('a start timeout of %j is a bad request', async (value) => {
    const response = await platform.post(`/queue/${APP}`, {}, { 'x-fal-request-timeout': value });
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ error_type: 'bad_request' });
  });

  test('X-Fal-No-Retry beats X-Fal-Retry-Config', async () => {
    const headers = { 'x-fal-no-retry': 'yes', 'x-fal-retry-config': '{"timeout":{"retries":3}}' };
    const id = await platform.submit(undefined, {}, headers);
    expect((await platform.requests.get(id))?.retry).toEqual({ server_error: 0, timeout: 0, connection_error: 0 });
  });

  test('X-Fal-Retry-Config is taken from the owner, over what the app says, and from nobody else', async () => {
    await platform.addApp('local/shared', {
      auth: 'shared',
      retry_config: { server_error: { retries: 1 } },
      skip_retry_conditions: ['timeout'],
    });
    const config = {
      'x-fal-retry-config': '{"server_error":{"retries":4},"connection_error":7,"other":{"retries":1}}',
    };
    const own = await platform.submit('/queue/local/shared', {}, config);
    const stranger = { ...config, authorization: await platform.authorization('stranger') };
    const foreign = await platform.submit('/queue/local/shared', {}, stranger);
    expect((await platform.requests.get(own))?.retry).toEqual({ server_error: 4, timeout: 0 });
    expect((await platform.requests.get(foreign))?.retry).toEqual({ server_error: 1, timeout: 0 });
  });

  test('X-Fal-Store-IO: 0 asks not to keep the payload', async () => {
    const id = await platform.submit(undefined, {}, { 'x-fal-store-io': '0' });
    expect((await platform.requests.get(id))?.discardPayload).toBe(true);
  });

  test('a hinted runner with room is preferred for a second; a busy or draining one is not', async () => {
    const runner = {
      app: APP,
      revision: '1',
      state: 'RUNNING' as const,
      createdAt: 0,
      stateSince: 0,
      served: 1,
      heartbeatAt: 0,
      hints: ['session-1'],
      failedStarts: 0,
      version: 1,
    };
    await platform.runners.create({ ...runner, id: 'busy', inFlight: 1 });
    await platform.runners.create({ ...runner, id: 'leaving', inFlight: 0, drain: { reason: 'deploy', deadline: 0 } });
    const unmet = await platform.submit(undefined, {}, { 'x-fal-runner-hint': 'session-1' });
    await platform.runners.create({ ...runner, id: 'free', inFlight: 0 });
    const met = await platform.submit(undefined, {}, { 'x-fal-runner-hint': 'session-1' });
    expect(await platform.requests.get(unmet)).not.toHaveProperty('preferred');
    expect(await platform.requests.get(met)).toMatchObject({
      hint: 'session-1',
      preferred: { runner: 'free', until: platform.clock.now() + 1_000 },
    });
  });
});

describe('status', () => {
  const status = async (id: string, query = ''): Promise<[number, Record<string, unknown>]> => {
    const response = await platform.fetch(`/queue/${APP}/requests/${id}/status${query}`);
    return [response.status, await json(response)];
  };

  test('202 while it waits, with the requests ahead', async () => {
    await platform.submit();
    const id = await platform.submit();
    expect(await status(id)).toEqual([202, expect.objectContaining({ status: 'IN_QUEUE', queue_position: 1 })]);
  });

  test('202 while it runs; logs are null, not absent, until asked for', async () => {
    const id = await platform.submit();
    const claim = await platform.claim();
    await claim.log('loading', 'ready');
    expect(await status(id)).toEqual([202, expect.objectContaining({ status: 'IN_PROGRESS', logs: null })]);
    for (const on of ['1', 'true', 'True']) {
      const [, body] = await status(id, `?logs=${on}`);
      expect(body.logs).toEqual([
        { message: 'loading', level: 'STDOUT', source: 'USER', timestamp: '2023-11-14T22:13:20.000Z' },
        expect.objectContaining({ message: 'ready' }),
      ]);
    }
    for (const off of ['0', 'false']) expect((await status(id, `?logs=${off}`))[1].logs).toBeNull();
  });

  test('a poll shows the last thousand lines', async () => {
    const id = await platform.submit();
    const claim = await platform.claim();
    await claim.log(...Array.from({ length: 1_200 }, (_, line) => `line ${line}`));
    const logs = (await status(id, '?logs=1'))[1].logs as readonly { readonly message: string }[];
    expect([logs.length, logs[0]?.message, logs.at(-1)?.message]).toEqual([1_000, 'line 200', 'line 1199']);
  });

  test('200 once it is over, also when it failed', async () => {
    const id = await platform.submit();
    await (await platform.claim()).complete({ status: 200, inferenceTime: 3.42 });
    expect(await status(id)).toEqual([
      200,
      expect.objectContaining({ status: 'COMPLETED', logs: null, metrics: { inference_time: 3.42 } }),
    ]);
    const failed = await platform.submit();
    await (
      await platform.claim()
    ).complete({ status: 503, error: 'The runner was lost', errorType: 'runner_disconnected' });
    expect(await status(failed)).toEqual([
      200,
      expect.objectContaining({ status: 'COMPLETED', error: 'The runner was lost', error_type: 'runner_disconnected' }),
    ]);
  });

  test.each([UNKNOWN_ID, 'nonsense'])('an unknown id (%s) is 404 NOT_FOUND for every operation', async (id) => {
    for (const [method, suffix] of [
      ['GET', '/status'],
      ['GET', '/status/stream'],
      ['GET', ''],
      ['PUT', '/cancel'],
    ] as const) {
      const response = await platform.fetch(`/queue/${APP}/requests/${id}${suffix}`, { method });
      expect([response.status, await json(response)]).toEqual([404, { status: 'NOT_FOUND' }]);
    }
  });

  test('a request past its retention is not found', async () => {
    const id = await platform.submit();
    await (await platform.claim()).answer(200, {});
    platform.clock.advance(31 * 24 * 3_600_000);
    expect(await status(id)).toEqual([404, { status: 'NOT_FOUND' }]);
  });

  test('every variant of the URLs answers itself, without a redirect', async () => {
    const id = await platform.submit(`/queue/${APP}/predict`);
    for (const base of [APP, `${APP}/predict`]) {
      for (const slash of ['', '/']) {
        const response = await platform.fetch(`/queue/${base}/requests/${id}/status${slash}`);
        expect([response.status, (await json(response)).request_id]).toEqual([202, id]);
      }
    }
  });

  test('the wrong method is 405', async () => {
    const id = await platform.submit();
    expect((await platform.post(`/queue/${APP}/requests/${id}/cancel`)).status).toBe(405);
    expect((await platform.fetch(`/queue/${APP}/requests/${id}`, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('result', () => {
  const result = (id: string, suffix = ''): Promise<Response> =>
    platform.fetch(`/queue/${APP}/requests/${id}${suffix}`);

  test.each([
    [200, { answer: 1 }, {}],
    [307, 'elsewhere', { location: 'https://elsewhere.example/' }],
    [422, { detail: [{ loc: ['body', 'prompt'], msg: 'required', type: 'missing' }] }, { 'x-fal-billable-units': '0' }],
    [500, { detail: 'Internal Server Error' }, {}],
    [499, { detail: 'stopped' }, {}],
  ] as const)('replays the app’s own answer of status %i', async (status, body, headers) => {
    const id = await platform.submit();
    await (await platform.claim()).answer(status, body, { ...headers, connection: 'close' });
    for (const suffix of ['', '/', '/response', '/response/']) {
      const response = await result(id, suffix);
      expect(response.status).toBe(status);
      expect(await response.text()).toBe(typeof body === 'string' ? body : JSON.stringify(body));
      expect(Object.fromEntries(response.headers)).toMatchObject({ ...headers, 'x-fal-request-id': id });
      expect(response.headers.has('connection')).toBe(false);
    }
  });

  test('an answer without a body stays without one', async () => {
    const id = await platform.submit();
    await (
      await platform.claim()
    ).complete({ status: 204 }, { status: 204, headers: {}, body: { bytes: new Uint8Array() } });
    expect((await result(id)).status).toBe(204);
  });

  test('a large answer is read from the blob store', async () => {
    const id = await platform.submit();
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('large');
    }
    await platform.blobs.put('requests/large', content(), 'text/plain');
    const headers = { 'content-type': 'text/plain' };
    await (
      await platform.claim()
    ).complete({ status: 200 }, { status: 200, headers, body: { blob: 'requests/large' } });
    const response = await result(id);
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['5', 'large']);
  });

  test('a streamed answer is put together from its chunks', async () => {
    const id = await platform.submit();
    const claim = await platform.claim();
    await claim.begin({ 'content-type': 'text/event-stream' });
    await claim.log('half way');
    await claim.send('data: 1\n\n', 'data: 2\n\n');
    await claim.complete({ status: 200 });
    const response = await result(id);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n');
  });

  test('400 while it waits or runs', async () => {
    const id = await platform.submit();
    expect((await result(id)).status).toBe(400);
    await platform.claim();
    const response = await result(id);
    expect([response.status, await json(response)]).toEqual([400, { detail: 'Request is still in progress' }]);
  });

  test('a passed start deadline is 504 of type user at once, before anybody swept', async () => {
    const id = await platform.submit(undefined, {}, { 'x-fal-request-timeout': '5' });
    platform.clock.advance(5_000);
    const response = await result(id);
    expect(response.status).toBe(504);
    expect(response.headers.get('x-fal-request-timeout-type')).toBe('user');
    expect(response.headers.get('x-fal-error-type')).toBe('request_timeout');
    expect((await platform.fetch(`/queue/${APP}/requests/${id}/status`)).status).toBe(200);
  });

  test('an outcome of the platform’s making is a flat error', async () => {
    const id = await platform.submit();
    await (await platform.claim()).complete({ status: 504, error: 'Request timed out', errorType: 'request_timeout' });
    const response = await result(id);
    expect(response.status).toBe(504);
    expect(response.headers.has('x-fal-request-timeout-type')).toBe(false);
    expect(await json(response)).toEqual({ detail: 'Request timed out', error_type: 'request_timeout' });
  });
});

describe('cancel', () => {
  const cancel = async (id: string): Promise<[number, unknown]> => {
    const response = await platform.fetch(`/queue/${APP}/requests/${id}/cancel`, { method: 'PUT' });
    return [response.status, await response.json()];
  };

  test('a waiting request is over; its result says so with 499', async () => {
    const id = await platform.submit();
    expect(await cancel(id)).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
    const result = await platform.fetch(`/queue/${APP}/requests/${id}`);
    expect(result.status).toBe(499);
    expect(await json(result)).toEqual({ detail: 'Request was cancelled', error_type: 'client_cancelled' });
  });

  test('a running request is flagged; asking twice is the same', async () => {
    const id = await platform.submit();
    await platform.claim();
    expect(await cancel(id)).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
    expect(await cancel(id)).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
    expect(await platform.requests.get(id)).toMatchObject({ state: 'IN_PROGRESS', cancelRequested: true });
  });

  test('a finished request is 400 ALREADY_COMPLETED', async () => {
    const id = await platform.submit();
    await (await platform.claim()).answer(200, {});
    expect(await cancel(id)).toEqual([400, { status: 'ALREADY_COMPLETED' }]);
  });
});
