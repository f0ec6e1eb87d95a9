import { APP, TestPlatform, UNKNOWN_ID } from './test-platform';

let platform: TestPlatform;
let admin: string;
beforeEach(async () => {
  platform = new TestPlatform({ requireKey: true });
  await platform.addApp(APP, { auth: 'public' });
  admin = await platform.authorization('local', 'ADMIN');
});
afterEach(() => platform.end());

async function call(method: string, path: string, body?: unknown): Promise<[number, Record<string, unknown>]> {
  const init = {
    method,
    headers: { authorization: admin },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const response = await platform.fetch(`/rest/admin${path}`, init);
  return [response.status, (await response.json()) as Record<string, unknown>];
}

test('needs a key of scope ADMIN', async () => {
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await platform.fetch('/rest/admin/apps', { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: await platform.authorization('local', 'API') })).toBe(403);
  expect(await status({ authorization: admin })).toBe(200);
});

test('lists apps with their runners, decisions and requests', async () => {
  const decision = { app: APP, at: 1, reason: '0 → 1 runners', actions: ['launch'], inputs: {} };
  await platform.apps.recordDecision(decision);
  const first = await platform.submit();
  const second = await platform.submit();
  expect(await call('GET', '/apps')).toEqual([200, { apps: [expect.objectContaining({ id: APP })] }]);
  expect(await call('GET', `/apps/${APP}/runners`)).toEqual([200, { runners: [] }]);
  expect(await call('GET', `/apps/${APP}/decisions`)).toEqual([200, { decisions: [decision] }]);
  const page = (id: string): object => [200, { requests: [expect.objectContaining({ id })] }];
  expect(await call('GET', `/apps/${APP}/requests?limit=1`)).toEqual(page(second));
  expect(await call('GET', `/apps/${APP}/requests?limit=1&before=${second}`)).toEqual(page(first));
});

test('an unknown app is 404, a limit that is no number 422', async () => {
  expect((await call('GET', '/apps/local/nothing/runners'))[0]).toBe(404);
  expect((await call('GET', `/apps/${APP}/requests?limit=lots`))[0]).toBe(422);
});

test('shows the queue and empties it', async () => {
  await platform.submit();
  await platform.claim();
  await platform.submit();
  expect(await call('GET', `/apps/${APP}/queue`)).toEqual([
    200,
    expect.objectContaining({ waiting: 1, inProgress: 1 }),
  ]);
  expect(await call('DELETE', `/apps/${APP}/queue`)).toEqual([200, { cancelled: 1 }]);
  expect(await call('GET', `/apps/${APP}/queue`)).toEqual([
    200,
    expect.objectContaining({ waiting: 0, inProgress: 1 }),
  ]);
});

test('lists dead letters and sends them round again', async () => {
  const id = await platform.submit();
  await platform.submit();
  await (await platform.claim()).complete({ status: 503, error: 'gone', deadLetter: true });
  const listed = [200, { requests: [expect.objectContaining({ id })] }];
  expect(await call('GET', `/apps/${APP}/dead-letters`)).toEqual(listed);
  expect(await call('POST', `/requests/${id}/redrive`)).toEqual([200, { status: 'IN_QUEUE', request_id: id }]);
  expect((await call('POST', `/requests/${id}/redrive`))[0]).toBe(409);
  expect((await call('POST', `/requests/${UNKNOWN_ID}/redrive`))[0]).toBe(404);
});

test('makes keys that work, lists them without their secrets, and revokes them', async () => {
  const [, made] = await call('POST', '/keys', { user: 'ann', scope: 'API', description: 'laptop' });
  const [id = ''] = String(made.key).split(':');
  const [, { keys }] = await call('GET', '/keys');
  expect(keys).toContainEqual({
    id,
    user: 'ann',
    scope: 'API',
    description: 'laptop',
    createdAt: platform.clock.now(),
  });
  expect(JSON.stringify(keys)).not.toContain('secretHash');
  expect((await call('DELETE', `/keys/${id}`))[0]).toBe(200);
  expect((await call('DELETE', `/keys/${id}`))[0]).toBe(404);
});

test.each([{ scope: 'ROOT' }, { user: '' }, { user: 7 }, { description: 'x'.repeat(201) }])(
  'refuses a key of %j with 422',
  async (body) => {
    expect((await call('POST', '/keys', body))[0]).toBe(422);
  },
);
