import fc from 'fast-check';
import { validate, version } from 'uuid';
import { appTag, TaggedIds } from '../../../runtime/domain/tagged-id';

const APPS = fc.stringMatching(/^[a-z]{1,8}\/[a-z0-9-]{1,12}$/);
const bytes = fc.infiniteStream(fc.integer({ min: 0, max: 255 }));

test('an id is a UUIDv7 that holds its time and ends with the tag of its app', () => {
  fc.assert(
    fc.property(APPS, fc.integer({ min: 1, max: 2 ** 48 - 1 }), bytes, (app, now, random) => {
      const id = new TaggedIds((count) => Uint8Array.from([...random.take(count)])).next(app, now);
      expect(validate(id)).toBe(true);
      expect(version(id)).toBe(7);
      expect(parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(now);
      expect(id.slice(-6)).toBe(appTag(app));
    }),
  );
});

test('ids ascend in the order they were made, whatever the clock and the random numbers do', () => {
  const clock = fc.array(fc.integer({ min: 1_000, max: 1_003 }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(clock, bytes, (times, random) => {
      const ids = new TaggedIds((count) => Uint8Array.from([...random.take(count)]));
      const made = times.map((now) => ids.next('owner/app', now));
      expect([...made].sort()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
    }),
  );
});

test('a millisecond in which more ids are made than it can count borrows from the next', () => {
  const ids = new TaggedIds((count) => new Uint8Array(count).fill(255));
  const made = Array.from({ length: 10_000 }, () => ids.next('owner/app', 5));
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

test('apps have tags of their own', () => {
  const apps = Array.from({ length: 100 }, (_, index) => `team/app-${index}`);
  expect(new Set(apps.map(appTag)).size).toBe(100);
  expect(appTag('team/app-1')).toMatch(/^[0-9a-f]{6}$/);
});
