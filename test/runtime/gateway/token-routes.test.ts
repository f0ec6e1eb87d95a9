import { FileGateway } from './file-gateway';

let gateway: FileGateway;
let key: string;
beforeEach(async () => {
  gateway = new FileGateway();
  key = await gateway.key('ann');
});

test.each(['/rest/tokens/', '/rest/tokens'])('%s answers a bare JSON string', async (path) => {
  const response = await gateway.post(path, key, { allowed_apps: ['my-app'], token_expiration: 120 });
  const token = (await response.json()) as string;
  expect(await gateway.authority.verify(token)).toEqual({ user: 'ann', allowedApps: ['my-app'] });
});

test('/rest/tokens/realtime answers an object', async () => {
  const response = await gateway.post('/rest/tokens/realtime', key, {
    allowed_apps: ['ann/app/realtime'],
    duration: 60,
  });
  const { token } = (await response.json()) as { token: string };
  expect(await gateway.authority.verify(token)).toEqual({ user: 'ann', allowedApps: ['ann/app/realtime'] });
});

test.each([
  ['/rest/tokens/', 'token_expiration'],
  ['/rest/tokens/realtime', 'duration'],
])('a token of %s ends after %s', async (path, field) => {
  const answer = await (await gateway.post(path, key, { allowed_apps: ['my-app'], [field]: 30 })).json();
  const token = typeof answer === 'string' ? answer : (answer as { token: string }).token;
  gateway.clock.advance(29_999);
  expect(await gateway.authority.verify(token)).toBeDefined();
  gateway.clock.advance(1);
  expect(await gateway.authority.verify(token)).toBeUndefined();
});

test('a token lasts two minutes unless asked otherwise', async () => {
  const token = (await (await gateway.post('/rest/tokens/', key, { allowed_apps: ['my-app'] })).json()) as string;
  gateway.clock.advance(119_999);
  expect(await gateway.authority.verify(token)).toBeDefined();
  gateway.clock.advance(1);
  expect(await gateway.authority.verify(token)).toBeUndefined();
});

test.each([
  {},
  { allowed_apps: [] },
  { allowed_apps: 'my-app' },
  { allowed_apps: [''] },
  { allowed_apps: [7] },
  { allowed_apps: Array(101).fill('my-app') },
  { allowed_apps: ['my-app'], token_expiration: 0 },
  { allowed_apps: ['my-app'], token_expiration: -1 },
  { allowed_apps: ['my-app'], token_expiration: 1e9 },
  { allowed_apps: ['my-app'], token_expiration: '120' },
])('%j is refused', async (body) => {
  expect((await gateway.post('/rest/tokens/', key, body)).status).toBe(422);
});

test('a token is issued to nobody without a key', async () => {
  const response = await gateway.fetch('/rest/tokens/', { method: 'POST', body: '{"allowed_apps":["my-app"]}' });
  expect(response.status).toBe(401);
});

test('a token can not be traded for another', async () => {
  const token = await gateway.authority.appToken({ user: 'ann', allowedApps: ['my-app'] }, 60);
  const response = await gateway.post('/rest/tokens/', `Bearer ${token}`, { allowed_apps: ['other-app'] });
  expect(response.status).toBe(403);
});

test('the token that an app gets for its uploads does not let it call apps as its caller', async () => {
  const token = await gateway.authority.cdnToken('ann');
  expect(await gateway.authority.verify(token)).toBeUndefined();
  expect((await gateway.post('/rest/tokens/', `Bearer ${token}`, { allowed_apps: ['my-app'] })).status).toBe(401);
});

test('a token for calling apps uploads nothing', async () => {
  const token = await gateway.authority.appToken({ user: 'ann', allowedApps: ['my-app'] }, 60);
  expect(await gateway.authority.cdnUser(token)).toBeUndefined();
});
