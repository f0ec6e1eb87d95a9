import { playgroundRoutes } from '../../../runtime/gateway/playground-routes';
import { APP, TestPlatform } from './test-platform';

test('everybody gets the page, for all apps and for one', async () => {
  const routes = playgroundRoutes({ playground: async () => '<!doctype html>' });
  for (const path of ['/', `/${APP}`]) {
    const response = await routes.request(path);
    expect([response.status, await response.text()]).toEqual([200, '<!doctype html>']);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    });
  }
});

test('a platform without the page says so, and the only app is not asked for it', async () => {
  const platform = new TestPlatform();
  await platform.addApp();
  const answers = ['/playground', `/playground/${APP}`, `/playground/${APP}/deeper`].map((path) =>
    platform.fetch(path),
  );
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 404]);
  expect(platform.requests.all()).toEqual([]);
  await platform.end();
});
