/** What `apps/conforming.py` does on any platform: one suite for the local adapters and for those of AWS. */
import { eventually } from '../contract/eventually';
import type { ConformancePlatform } from './platform';

export function describeConformingApp(name: string, current: () => ConformancePlatform): void {
  describe(`an app on ${name}`, () => {
    test('is told which request it works on, and prints for that one alone, however many there are', async () => {
      const platform = current();
      const answers = await Promise.all(
        ['ann', 'bob'].map(async (who) => ({ who, ...(await platform.queued('conforming/together', { name: who })) })),
      );
      for (const { who, id, body, lines } of answers) {
        expect(body).toEqual({ id, endpoint: `${platform.owner}/conforming/together` });
        expect(lines.filter((line) => line.startsWith('line of'))).toEqual([`line of ${who}`]);
      }
    });

    test('says what an answer costs', async () => {
      const platform = current();
      for (const answer of [
        await platform.run('conforming/billed', {}),
        await platform.queued('conforming/billed', {}),
      ]) {
        expect([answer.status, answer.headers.get('x-fal-billable-units')]).toEqual([200, '2.5']);
      }
    });

    test('goes on with a background task after the answer', async () => {
      const platform = current();
      expect((await platform.run('conforming/background', { name: 'swept' })).body).toEqual({ accepted: 'swept' });
      await eventually(async () => {
        expect(platform.folder.lines('journal')).toContain('swept');
      });
    });

    test('keeps values in a KVStore', async () => {
      const { body } = await current().run('conforming/remember', { key: 'seed', value: '四十二' });
      expect(body).toEqual({ before: null, between: '四十二', after: null });
    });

    test('makes files that live as long as its caller wants', async () => {
      const platform = current();
      const lifecycle = { 'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds": 1}' };
      const made = await platform.run('conforming/file', {}, lifecycle);
      const { pathname } = new URL((made.body as { url: string }).url);
      await eventually(async () => {
        expect((await platform.call(pathname)).status).toBe(404);
      });
      const kept = await platform.run('conforming/file', {});
      expect((await platform.call(new URL((kept.body as { url: string }).url).pathname)).body).toBe('short-lived');
    });

    test('has a request tried again by X-Fal-Needs-Retry, even where the caller wants no retry', async () => {
      const answer = await current().queued('conforming/flaky', { name: 'flaked' }, { 'x-fal-no-retry': '1' });
      expect([answer.status, answer.body]).toEqual([200, { name: 'flaked' }]);
      expect(answer.headers.has('x-fal-needs-retry')).toBe(false);
    });

    test('gets a new runner when the health check that it asks for fails, and keeps it when that succeeds', async () => {
      const platform = current();
      const runnerOf = async (healthy: boolean): Promise<string> => {
        const { status, body } = await platform.queued('conforming/runner', { healthy });
        expect(status).toBe(200);
        return (body as { runner: string }).runner;
      };
      const first = await runnerOf(true);
      expect(await runnerOf(false)).toBe(first);
      const second = await runnerOf(true);
      expect(second).not.toBe(first);
      expect(await runnerOf(true)).toBe(second);
    });
  });
}
