import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp();
});
afterEach(() => platform.end());

const ORIGIN = { origin: 'http://localhost:3000' };

test('a preflight allows any method and header, on every route, without a request made of it', async () => {
  for (const path of [
    `/queue/${APP}`,
    `/run/${APP}/x`,
    '/predict',
    '/rest/storage/upload/initiate',
    '/cdn/files/a/b',
  ]) {
    const response = await platform.fetch(path, {
      method: 'OPTIONS',
      headers: {
        ...ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,x-fal-queue-priority,x-fal-target-url',
      },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'authorization,x-fal-queue-priority,x-fal-target-url',
    });
  }
  expect(platform.requests.all()).toEqual([]);
});

test('answers and errors show their headers to pages', async () => {
  for (const path of [`/queue/${APP}`, '/queue/no/app']) {
    const response = await platform.post(path, {}, ORIGIN);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-expose-headers')).toContain('x-fal-request-id');
  }
});

test('an app’s own CORS headers are left alone', async () => {
  platform.runAgent((claim) => claim.answer(200, {}, { 'access-control-allow-origin': 'http://localhost:3000' }));
  const response = await platform.post(`/run/${APP}`, {}, ORIGIN);
  expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
});
