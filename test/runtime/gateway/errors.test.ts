import { StoreFullError } from '../../../runtime/domain/store-full-error';
import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
beforeEach(async () => {
  platform = new TestPlatform();
  await platform.addApp();
});
afterEach(() => platform.end());

test('an unexpected error is logged under the id that the caller gets, and tells the caller nothing else', async () => {
  jest.spyOn(platform.requests, 'create').mockRejectedValue(new Error('secret detail'));
  const response = await platform.post(`/queue/${APP}`);
  const text = await response.text();
  const id = response.headers.get('x-fal-request-id') ?? '';
  expect(response.status).toBe(500);
  expect(response.headers.get('x-fal-error-type')).toBe('internal_error');
  expect(JSON.parse(text)).toMatchObject({ error_type: 'internal_error' });
  expect(text).toContain(id);
  expect(text).not.toContain('secret detail');
  expect(platform.errors).toEqual([expect.stringMatching(new RegExp(`${id}.*secret detail`))]);
});

test('a full disk is 507 and says so', async () => {
  jest.spyOn(platform.requests, 'create').mockRejectedValue(new StoreFullError('The disk is full'));
  const response = await platform.post(`/queue/${APP}`);
  expect([response.status, await response.json()]).toEqual([507, { detail: 'The disk is full' }]);
});

test('every answer has a request id', async () => {
  for (const path of ['/', '/rest/nothing', '/cdn/files/no/file', '/queue/x', `/queue/${APP}/requests/x/status`]) {
    platform.runAgent((claim) => claim.answer(200, {}));
    expect((await platform.fetch(path)).headers.get('x-fal-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  }
});
