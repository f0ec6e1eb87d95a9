/** What only a real connection shows. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { StoreFullError } from '../../../runtime/domain/store-full-error';
import { APP, TestPlatform, until } from './test-platform';

let platform: TestPlatform;
let origin: string;
beforeEach(async () => {
  platform = new TestPlatform({ streamResumeMs: 0 });
  await platform.addApp();
  origin = await platform.listen();
});
afterEach(() => platform.end());

test('a body that is declared too large is refused before it is sent', async () => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-length': 10 ** 12 };
    const upload = httpRequest(`${origin}/queue/${APP}`, { method: 'POST', headers }, resolve).on('error', reject);
    upload.flushHeaders();
  });
  expect(response.statusCode).toBe(413);
  response.destroy();
});

test('a body that there is no room for is read to its end before it is refused', async () => {
  const failed = new Promise<void>((resolve) => {
    jest.spyOn(platform.blobs, 'put').mockImplementation(async (_key, body) => {
      for await (const chunk of body) if (chunk.length > 0) break;
      resolve();
      throw new StoreFullError('The disk is full');
    });
  });
  let ended = false;
  const upload = httpRequest(`${origin}/queue/${APP}`, { method: 'POST' });
  const answer = new Promise<readonly [status: number | undefined, ended: boolean]>((resolve, reject) => {
    upload.on('error', reject).on('response', (response) => {
      response.resume();
      resolve([response.statusCode, ended]);
    });
  });
  upload.write(Buffer.alloc(300_000));
  await failed;
  // Time for an answer that comes too early.
  await new Promise((resolve) => setTimeout(resolve, 50));
  upload.end('the rest', () => (ended = true));
  expect(await answer).toEqual([507, true]);
  expect(platform.requests.all()).toEqual([]);
});

test('an upload that is cut off makes no request', async () => {
  await new Promise<void>((resolve) => {
    const headers = { 'content-length': 1_000 };
    const upload = httpRequest(`${origin}/queue/${APP}`, { method: 'POST', headers }).on('error', () => {
      resolve();
    });
    upload.write('only the beginning', () => upload.destroy(new Error('cut off')));
  });
  await platform.post(`/queue/${APP}`);
  expect(platform.requests.all()).toHaveLength(1);
  expect(platform.errors).toEqual([]);
});

test('a caller that closes the connection while the app streams has its request cancelled', async () => {
  const caller = new AbortController();
  const answer = fetch(`${origin}/run/${APP}`, { method: 'POST', signal: caller.signal });
  await until(() => platform.requests.all().length === 1);
  const claim = await platform.claim();
  await claim.begin({ 'content-type': 'audio/wav' });
  await claim.send('half');
  const reader = (await answer).body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('half');
  caller.abort();
  await until(async () => (await platform.requests.get(claim.head.id))?.cancelRequested === true);
});

test('an answer that breaks off half way breaks the connection, so that nobody takes it for whole', async () => {
  const answer = fetch(`${origin}/run/${APP}`, { method: 'POST' });
  await until(() => platform.requests.all().length === 1);
  const claim = await platform.claim();
  await claim.begin({ 'content-type': 'audio/wav' });
  await claim.send('half');
  const response = await answer;
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  await claim.complete({ status: 503, errorType: 'runner_disconnected', error: 'gone' });
  await expect(response.text()).rejects.toThrow();
});

test.each([
  '/queue/local/echo/..%2f..%2f',
  '/%71ueue/local/echo',
  '//',
  '/run/%',
  '/queue/%ff/%ff',
  '/rest/%2e%2e/admin/keys',
])('the odd path %s is answered, and not with a failure', async (path) => {
  await platform.addApp('local/other');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    httpRequest({ hostname, port, path, method: 'PUT' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});
