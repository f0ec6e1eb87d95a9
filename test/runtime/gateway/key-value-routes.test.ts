import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
/** What the toolkit gets for its key, and sends. */
let bearer: string;
beforeEach(async () => {
  platform = new TestPlatform({ requireKey: true });
  await platform.addApp();
  bearer = await tokenOf('ann');
});
afterEach(() => platform.end());

async function tokenOf(user: string): Promise<string> {
  const headers = { authorization: await platform.authorization(user) };
  const answer = await platform.fetch('/rest/storage/auth/token', { method: 'POST', headers });
  const { token, token_type: type } = (await answer.json()) as { token: string; token_type: string };
  return `${type} ${token}`;
}

async function call(method: string, path: string, body?: string, authorization = bearer): Promise<Response> {
  const init = { method, headers: { authorization }, ...(body === undefined ? {} : { body }) };
  return platform.fetch(path.startsWith('https:') ? path : `/rest/kv${path}`, init);
}

const read = async (path: string, authorization?: string): Promise<unknown> => {
  const answer = await call('GET', path, undefined, authorization);
  return answer.status === 200 ? ((await answer.json()) as { value: string }).value : answer.status;
};

test('a value is what was set last, under any key, until it is deleted', async () => {
  expect(await read('/get/cache/a')).toBe(404);
  await call('PUT', '/set/cache/a', 'first');
  await call('PUT', '/set/cache/a', '第二 \u0000 "x"');
  await call('PUT', '/set/cache/users/1/name', '');
  expect(await read('/get/cache/a')).toBe('第二 \u0000 "x"');
  expect(await read('/get/cache/users/1/name')).toBe('');
  expect(await read('/get/other/a')).toBe(404);
  expect((await call('DELETE', '/delete/cache/a')).status).toBe(200);
  expect((await call('DELETE', '/delete/cache/a')).status).toBe(200);
  expect(await read('/get/cache/a')).toBe(404);
});

test('a value ends with its time to live, after 30 days at most', async () => {
  await call('PUT', '/set/cache/short?ttl=60', 'x');
  await call('PUT', '/set/cache/long', 'x');
  platform.clock.advance(59_999);
  expect(await read('/get/cache/short')).toBe('x');
  platform.clock.advance(1);
  expect(await read('/get/cache/short')).toBe(404);
  // The token of the day before is no longer good.
  platform.clock.advance(30 * 24 * 3_600_000 - 60_001);
  bearer = await tokenOf('ann');
  expect(await read('/get/cache/long')).toBe('x');
  platform.clock.advance(1);
  expect(await read('/get/cache/long')).toBe(404);
});

test.each(['59', '2592001', '-60', '1e3', 'soon', ''])('a time to live of %j is refused in words', async (ttl) => {
  const answer = await call('PUT', `/set/cache/a?ttl=${ttl}`, 'x');
  expect([answer.status, await answer.json()]).toEqual([422, { error: 'ttl must be 60 to 2592000 seconds' }]);
});

test('a value that is no text, or larger than 256 KiB, is refused', async () => {
  const put = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
    platform.fetch('/rest/kv/set/cache/a', { method: 'PUT', headers: { authorization: bearer }, body });
  expect((await put(Uint8Array.of(0xff))).status).toBe(422);
  expect((await put(new Uint8Array(256 * 1024 + 1))).status).toBe(413);
  expect((await put(Buffer.alloc(256 * 1024, 'a'))).status).toBe(200);
});

test('values are their user’s alone', async () => {
  await call('PUT', '/set/cache/a', 'of ann');
  const bob = await tokenOf('bob');
  expect(await read('/get/cache/a', bob)).toBe(404);
  await call('PUT', '/set/cache/a', 'of bob', bob);
  expect(await read('/get/cache/a')).toBe('of ann');
  expect(await read('/get/cache/a', await platform.authorization('ann'))).toBe('of ann');
  expect(await read('/get/cache/a', 'Key wrong:key')).toBe(401);
  expect((await platform.fetch('/rest/kv/get/cache/a')).status).toBe(401);
});

test('the token that an app is handed with a request does not open the values of whoever sent it', async () => {
  await call('PUT', '/set/cache/a', 'of ann');
  await platform.addApp(APP, { auth: 'public' });
  await platform.submit(`/queue/${APP}`, {}, { authorization: await platform.authorization('ann') });
  const { input } = await platform.claim();
  const handed = input.headers['x-fal-cdn-token'] ?? '';
  expect(handed).not.toBe('');
  expect(await read('/get/cache/a', `Bearer ${handed}`)).toBe(401);
});

test('it is reached under fal’s own host name, too', async () => {
  await call('PUT', 'https://kv.fal.media/set/cache/a', 'x');
  expect(await read('/get/cache/a')).toBe('x');
});
