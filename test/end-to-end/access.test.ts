/** Who may do what on a whole platform that asks for keys, and one app's own paths at the root. */
import { createFalClient } from '@fal-ai/client';
import { join } from 'node:path';
import { runPython } from '../clients/python-client';
import { endAllSgpu, Sgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

const STUDIO = 'local/studio';
const APP = `${join(__dirname, 'apps', 'studio.py')}::Studio`;

const folder = new TestFolder();
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

let sgpu: Sgpu;
beforeAll(async () => {
  sgpu = await Sgpu.serve([APP, '--https', '--auth', 'private'], { folder: folder.path });
});

function call(path: string, key?: string, init: RequestInit = {}): Promise<Response> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Key ${key}` };
  return fetch(sgpu.url + path, { ...init, headers: { 'content-type': 'application/json', ...authorization } });
}
const post = (path: string, body: unknown, key?: string): Promise<Response> =>
  call(path, key, { method: 'POST', body: JSON.stringify(body) });

/** A key of somebody else. */
async function keyOf(user: string, scope: 'API' | 'ADMIN' = 'API'): Promise<string> {
  const answer = await post('/rest/admin/keys', { user, scope }, sgpu.key);
  return ((await answer.json()) as { key: string }).key;
}

test('the key that was printed opens the platform to both clients', async () => {
  const fal = createFalClient({ credentials: sgpu.key, proxyUrl: { url: sgpu.url, when: 'always' } });
  expect((await fal.subscribe(STUDIO, { input: { prompt: 'a cat' } })).data).toEqual({ painted: 'a cat' });
  const program = `import fal_client; print(fal_client.subscribe('${STUDIO}', arguments={'prompt': 'a dog'}))`;
  expect(await runPython(sgpu.secure, program)).toBe("{'painted': 'a dog'}");
});

test('nobody calls a private app without a key, with a wrong one or with that of another user', async () => {
  for (const service of ['run', 'queue']) {
    const path = `/${service}/${STUDIO}`;
    expect((await post(path, { prompt: 'x' })).status).toBe(401);
    const wrong = await post(path, { prompt: 'x' }, 'wrong:key');
    expect([wrong.status, await wrong.json()]).toEqual([401, { detail: 'invalid key credentials' }]);
    const foreign = await post(path, { prompt: 'x' }, await keyOf('mallory'));
    expect([foreign.status, await foreign.json()]).toEqual([
      401,
      { detail: `Cannot access application "${STUDIO}". It is private to its owner.` },
    ]);
  }
});

test('the requests of others are not there', async () => {
  const submitted = await post(`/queue/${STUDIO}`, { prompt: 'secret' }, sgpu.key);
  const { request_id: id } = (await submitted.json()) as { request_id: string };
  const mallory = await keyOf('mallory');
  const own = await call(`/queue/${STUDIO}/requests/${id}/status`, sgpu.key);
  expect([200, 202]).toContain(own.status);
  for (const [path, method] of [
    ['', 'GET'],
    ['/status', 'GET'],
    ['/status/stream', 'GET'],
    ['/cancel', 'PUT'],
  ] as const) {
    const foreign = await call(`/queue/${STUDIO}/requests/${id}${path}`, mallory, { method });
    expect([path, foreign.status, await foreign.json()]).toEqual([path, 404, { status: 'NOT_FOUND' }]);
  }
});

test('only ADMIN keys see the platform', async () => {
  expect((await call('/rest/admin/apps')).status).toBe(401);
  expect((await call('/rest/admin/apps', await keyOf('local'))).status).toBe(403);
  expect((await call('/rest/admin/apps', await keyOf('local', 'ADMIN'))).status).toBe(200);
});

test('a removed key opens nothing more', async () => {
  const key = await keyOf('local');
  expect((await post(`/run/${STUDIO}`, { prompt: 'x' }, key)).status).toBe(200);
  await call(`/rest/admin/keys/${key.split(':')[0]}`, sgpu.key, { method: 'DELETE' });
  const until = Date.now() + 20_000;
  while ((await post(`/run/${STUDIO}`, { prompt: 'x' }, key)).status === 200) expect(Date.now()).toBeLessThan(until);
  expect((await post(`/run/${STUDIO}`, { prompt: 'x' }, key)).status).toBe(401);
});

test('the paths of the only app are at the root, by the same rules', async () => {
  expect((await post('/predict', { prompt: 'a cat' })).status).toBe(401);
  const answer = await post('/predict', { prompt: 'a cat' }, sgpu.key);
  expect([answer.status, await answer.json()]).toEqual([200, { predicted: 'a cat' }]);
  expect((await post('/nothing', {}, sgpu.key)).status).toBe(404);
});

test('malformed and excessive requests are refused before they cost anything', async () => {
  const init = { method: 'POST', body: '{"prompt": ' };
  const malformed = await call(`/queue/${STUDIO}`, sgpu.key, init);
  expect([malformed.status, await malformed.json()]).toMatchObject([422, { detail: [{ type: 'json_invalid' }] }]);
  expect((await call(`/run/${STUDIO}`, sgpu.key, init)).status).toBe(422);
  expect((await call('/predict', sgpu.key, init)).status).toBe(422);
  const large = await call(`/queue/${STUDIO}`, sgpu.key, { method: 'POST', body: Buffer.alloc(100 * 1024 * 1024 + 1) });
  expect([large.status, await large.json()]).toMatchObject([
    413,
    { detail: expect.stringContaining('larger') as unknown },
  ]);
  const unknown = await post('/queue/local/nobody', {}, sgpu.key);
  expect([unknown.status, await unknown.json()]).toEqual([404, { detail: 'Application "local/nobody" not found' }]);
});
