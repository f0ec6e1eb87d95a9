import { createHash } from 'node:crypto';
import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform({ requireKey: true });
  await platform.addApp();
  await platform.addApp('local/shared', { auth: 'shared' });
  await platform.addApp('local/open', { auth: 'public' });
});
afterEach(() => platform.end());

/** The status and detail of submitting to an app. */
async function submit(app: string, authorization?: string): Promise<readonly [number, unknown]> {
  const response = await platform.post(`/queue/${app}`, {}, authorization === undefined ? {} : { authorization });
  const { detail } = (await response.json()) as { detail?: unknown };
  return [response.status, detail];
}

describe('apps', () => {
  test('private ones are their owner’s', async () => {
    const denied = 'Cannot access application "local/echo".';
    expect((await submit(APP, await platform.authorization('local')))[0]).toBe(200);
    expect(await submit(APP)).toEqual([401, `${denied} Authentication is required to access this application.`]);
    expect(await submit(APP, await platform.authorization('stranger'))).toEqual([401, expect.stringContaining(denied)]);
  });

  test('shared ones are any known user’s', async () => {
    expect((await submit('local/shared', await platform.authorization('stranger')))[0]).toBe(200);
    expect((await submit('local/shared'))[0]).toBe(401);
  });

  test('public ones are anybody’s, but a wrong key is still a mistake', async () => {
    expect((await submit('local/open'))[0]).toBe(200);
    expect(await submit('local/open', 'Key no:such')).toEqual([401, 'invalid key credentials']);
  });

  test('a foreign bearer token goes on to a public app, a key never does', async () => {
    await submit('local/open', 'Bearer app-token');
    expect((await platform.claim('runner-1', 'local/open')).input.headers.authorization).toBe('Bearer app-token');
    await submit('local/open', await platform.authorization('stranger'));
    expect((await platform.claim('runner-1', 'local/open')).input.headers).not.toHaveProperty('authorization');
  });
});

describe('keys', () => {
  test('are stored as a hash alone', async () => {
    const [id = '', secret = ''] = (await platform.authorization('ann')).slice('Key '.length).split(':');
    const stored = await platform.keys.get(id);
    expect(stored?.secretHash).toBe(createHash('sha256').update(secret).digest('hex'));
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  test.each(['Key', 'Key ', 'Key :', 'Key abc', 'key x:y', 'Bearer nonsense', 'Basic eDp5', 'nonsense'])(
    '%j opens no private app',
    async (authorization) => {
      expect((await submit(APP, authorization))[0]).toBe(401);
    },
  );

  test('with a wrong secret are refused, also where none is needed', async () => {
    const keyless = new TestPlatform();
    await keyless.addApp();
    const id = (await keyless.authorization('local')).split(':')[0];
    const response = await keyless.post(`/queue/${APP}`, {}, { authorization: `${id}:wrong` });
    expect([response.status, await response.json()]).toEqual([401, { detail: 'invalid key credentials' }]);
  });

  test('stop working once revoked', async () => {
    const authorization = await platform.authorization('local');
    expect((await submit(APP, authorization))[0]).toBe(200);
    await platform.keys.remove(authorization.slice('Key '.length).split(':')[0] ?? '');
    platform.clock.advance(1_000);
    expect((await submit(APP, authorization))[0]).toBe(401);
  });
});

describe('tokens', () => {
  async function token(apps: readonly string[]): Promise<string> {
    const authorization = await platform.authorization('local');
    const body = { allowed_apps: apps, token_expiration: 60 };
    return (await (await platform.post('/rest/tokens/', body, { authorization })).json()) as string;
  }

  test('open the apps they name, by alias, id or endpoint, and no other', async () => {
    for (const name of ['echo', APP]) expect((await submit(APP, `Bearer ${await token([name])}`))[0]).toBe(200);
    const endpoint = `Bearer ${await token([`${APP}/realtime`])}`;
    expect((await submit(`${APP}/realtime`, endpoint))[0]).toBe(200);
    expect((await submit(APP, endpoint))[0]).toBe(401);
    expect((await submit('local/shared', `Bearer ${await token([APP])}`))[0]).toBe(401);
  });

  test('are good for any number of calls until they end', async () => {
    const bearer = `Bearer ${await token([APP])}`;
    for (let call = 0; call < 3; call++) expect((await submit(APP, bearer))[0]).toBe(200);
    platform.clock.advance(60_000);
    expect((await submit(APP, bearer))[0]).toBe(401);
  });

  test('work as a query parameter, which the app does not see', async () => {
    const response = await platform.post(`/queue/${APP}?fal_jwt_token=${await token([APP])}&x=1`);
    expect(response.status).toBe(200);
    expect((await platform.claim()).input.target).toBe('/?x=1');
    expect((await platform.post(`/queue/${APP}?fal_jwt_token=nonsense`)).status).toBe(401);
  });

  test('for uploads do not call apps', async () => {
    const authorization = await platform.authorization('local');
    await submit(APP, authorization);
    const { input } = await platform.claim();
    expect((await submit(APP, `Bearer ${input.headers['x-fal-cdn-token']}`))[0]).toBe(401);
  });
});

describe('requests', () => {
  test('are seen by who submitted them and by the app’s owner; to others they don’t exist', async () => {
    const ann = await platform.authorization('ann');
    const id = await platform.submit('/queue/local/shared', {}, { authorization: ann });
    const read = async (authorization?: string): Promise<number> => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      return (await platform.fetch(`/queue/local/shared/requests/${id}/status`, { headers })).status;
    };
    expect(await read(ann)).toBe(202);
    expect(await read(await platform.authorization('local'))).toBe(202);
    expect(await read(await platform.authorization('bob'))).toBe(404);
    expect(await read()).toBe(404);
    const cancel = { method: 'PUT', headers: { authorization: await platform.authorization('bob') } };
    expect((await platform.fetch(`/queue/local/shared/requests/${id}/cancel`, cancel)).status).toBe(404);
  });

  test('sent without a key belong to whoever knows their id', async () => {
    const id = await platform.submit('/queue/local/open');
    expect((await platform.fetch(`/queue/local/open/requests/${id}/status`)).status).toBe(202);
  });
});

describe('a platform that asks for no key', () => {
  let keyless: TestPlatform;
  beforeEach(async () => {
    keyless = new TestPlatform({ publicUrl: 'https://gpu.example.com' });
    await keyless.addApp();
  });

  const post = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
    (await keyless.fetch(url, { method: 'POST', headers })).status;

  test.each(['localhost:8000', '127.0.0.1:8000', '[::1]:8000', '10.0.0.7', 'gpu-box:8000', 'gpu.example.com'])(
    'takes a caller under %s for the owner',
    async (host) => {
      expect(await post(`http://${host}/queue/${APP}`)).toBe(200);
    },
  );

  test('takes a made-up key for none, as clients insist on one', async () => {
    expect(await post(`http://localhost/queue/${APP}`, { authorization: 'Key any:thing' })).toBe(200);
  });

  test('serves pages of the machine itself', async () => {
    expect(await post(`http://localhost/queue/${APP}`, { origin: 'http://localhost:3000' })).toBe(200);
  });

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example'])(
    'asks a page of %s for a key like anybody',
    async (origin) => {
      expect(await post(`http://localhost/queue/${APP}`, { origin })).toBe(401);
      expect(await post(`http://localhost/rest/admin/keys`, { origin, authorization: 'Key any:thing' })).toBe(401);
    },
  );

  test('is not fooled by a foreign name that resolves to it', async () => {
    expect(await post(`http://evil.example:8000/queue/${APP}`)).toBe(401);
  });
});
