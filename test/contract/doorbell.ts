import { v7 as uuidv7 } from 'uuid';
import type { Doorbell } from '../../runtime/ports';

export interface OpenDoorbell {
  readonly doorbell: Doorbell;
  /** Makes sure that an app has a doorbell, where it has to be made first. */
  readonly prepare: (app: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const LONG_MS = 30_000;

/** What every `Doorbell` does. Which of several waiters wakes is the adapter's choice. */
export function describeDoorbell(name: string, open: () => Promise<OpenDoorbell>): void {
  describe(`${name} as a Doorbell`, () => {
    let opened: OpenDoorbell;
    let doorbell: Doorbell;
    let app: string;

    beforeAll(async () => {
      opened = await open();
      doorbell = opened.doorbell;
    });
    beforeEach(async () => {
      app = `owner/app-${uuidv7()}`;
      await opened.prepare(app);
    });
    afterAll(() => opened.close());

    test('a waiter wakes when the bell rings', async () => {
      const waiting = doorbell.wait(app, LONG_MS);
      await doorbell.ring(app);
      expect(await waiting).toBe(true);
    });

    test('a ring that nobody heard is heard by the next who listens', async () => {
      await doorbell.ring(app);
      expect(await doorbell.wait(app, LONG_MS)).toBe(true);
    });

    test('ringing several times wakes as many', async () => {
      const early = [doorbell.wait(app, LONG_MS), doorbell.wait(app, LONG_MS)];
      await doorbell.ring(app, 3);
      expect(await Promise.all([...early, doorbell.wait(app, LONG_MS)])).toEqual([true, true, true]);
    });

    test('a bell that nobody rings is silent until the time is up', async () => {
      expect(await doorbell.wait(app, 1)).toBe(false);
    });

    test('the bell of another app is not heard', async () => {
      const other = `owner/app-${uuidv7()}`;
      await opened.prepare(other);
      await doorbell.ring(other);
      expect(await doorbell.wait(app, 1)).toBe(false);
    });

    test('a wait that is aborted ends, also when it was before', async () => {
      const abort = new AbortController();
      const waiting = doorbell.wait(app, LONG_MS, abort.signal);
      abort.abort();
      expect(await waiting).toBe(false);
      expect(await doorbell.wait(app, LONG_MS, abort.signal)).toBe(false);
    });

    test('a waiter that gave up takes no ring away', async () => {
      const abort = new AbortController();
      const gone = doorbell.wait(app, LONG_MS, abort.signal);
      abort.abort();
      await gone;
      await doorbell.ring(app);
      expect(await doorbell.wait(app, LONG_MS)).toBe(true);
    });
  });
}
