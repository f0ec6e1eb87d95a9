import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp();
});
afterEach(() => platform.end());

const viaProxy = (target: string, init: RequestInit = {}): Promise<Response> =>
  platform.fetch('/any/path?ignored=1', { ...init, headers: { 'x-fal-target-url': target } });

test('a target on the queue host is a submission; its URLs lead back here', async () => {
  const response = await viaProxy(`https://queue.fal.run/${APP}/predict?x=1`, { method: 'POST', body: '{"a":1}' });
  const body = (await response.json()) as { status_url: string; request_id: string };
  expect(body.status_url).toBe(`http://localhost:8000/queue/${APP}/requests/${body.request_id}/status`);
  const { input, text } = await platform.claim();
  expect([input.target, text]).toEqual(['/predict?x=1', '{"a":1}']);
  expect(input.headers).not.toHaveProperty('x-fal-target-url');
});

test('targets on the other hosts reach their services', async () => {
  platform.runAgent((claim) => claim.answer(200, { path: claim.head.path }));
  const run = await viaProxy(`https://fal.run/${APP}/predict`, { method: 'POST' });
  expect(await run.json()).toEqual({ path: '/predict' });
  const initiate = { method: 'POST', body: '{"file_name":"a.txt","content_type":"text/plain"}' };
  for (const host of ['rest.fal.ai', 'rest.alpha.fal.ai']) {
    const upload = await viaProxy(`https://${host}/storage/upload/initiate?storage_type=fal-cdn-v3`, initiate);
    const { file_url } = (await upload.json()) as { file_url: string };
    expect(file_url).toMatch(/^http:\/\/localhost:8000\/cdn\//);
  }
  expect((await viaProxy('https://v3.fal.media/files/no/file')).status).toBe(404);
});

test.each([
  'https://example.com/local/echo',
  'https://fal.run.example.com/local/echo',
  'https://user@example.com#fal.run',
  'http://169.254.169.254/latest/meta-data',
  'file://fal.run/etc/passwd',
])('the target %s is refused with 412 and never fetched', async (target) => {
  expect((await viaProxy(target, { method: 'POST' })).status).toBe(412);
  expect(platform.requests.all()).toEqual([]);
});

test.each(['nonsense', '//fal.run/x', ''])('the target %j is a bad request', async (target) => {
  expect((await viaProxy(target, { method: 'POST' })).status).toBe(400);
});

test('a proxied caller has no more rights than any other', async () => {
  const strict = new TestPlatform({ requireKey: true });
  await strict.addApp();
  const headers = { 'x-fal-target-url': `https://queue.fal.run/${APP}` };
  expect((await strict.fetch('/', { method: 'POST', headers })).status).toBe(401);
});

test('where DNS leads fal’s names here, they are served as they are on fal', async () => {
  const response = await platform.fetch(`https://queue.fal.run/${APP}`, { method: 'POST' });
  const body = (await response.json()) as { status_url: string; request_id: string };
  expect(body.status_url).toBe(`https://queue.fal.run/${APP}/requests/${body.request_id}/status`);
  expect((await platform.fetch(body.status_url)).status).toBe(202);
});
