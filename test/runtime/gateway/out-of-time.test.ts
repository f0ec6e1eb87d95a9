import { OutOfTime } from '../../../runtime/gateway/out-of-time';
import { APP, TestPlatform } from './test-platform';

let platform: TestPlatform;
afterEach(() => platform.end());

test('a call that is over before its answer is cancelled and answered 504, which clients don’t repeat', async () => {
  platform = new TestPlatform();
  await platform.addApp();
  const ending = new AbortController();
  const answer = platform.fetch(`/run/${APP}`, { method: 'POST', body: '{}', signal: ending.signal });
  const { head } = await claimed();
  ending.abort(new OutOfTime());
  const response = await answer;
  expect(response.status).toBe(504);
  expect(response.headers.get('x-fal-request-timeout-type')).toBe('user');
  expect(response.headers.get('x-fal-request-id')).toBe(head.id);
  expect(await response.json()).toMatchObject({ error_type: 'request_timeout' });
  expect((await platform.requests.get(head.id))?.cancelRequested).toBe(true);
});

test('an event stream that may be resumed at another gateway goes on when it is cut off', async () => {
  platform = new TestPlatform({ streamResumeMs: Infinity });
  await platform.addApp();
  const answer = platform.fetch(`/run/${APP}`, { method: 'POST', body: '{}' });
  const claim = await claimed();
  await claim.begin({ 'content-type': 'text/event-stream' });
  const reader = (await answer).body!.getReader();
  await reader.cancel();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await platform.requests.get(claim.head.id))?.cancelRequested).toBeUndefined();
});

async function claimed(): ReturnType<TestPlatform['claim']> {
  await platform.doorbell.wait(APP, 10_000);
  return platform.claim();
}
