import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { becameReady, launched, terminated, type RunnerRecord } from '../../runtime/domain/runner';
import { TaggedIds } from '../../runtime/domain/tagged-id';
import type { RunnerRegistry } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenRunnerRegistry {
  readonly runners: RunnerRegistry;
  readonly close: () => Promise<void>;
}

/** What every `RunnerRegistry` does. */
export function describeRunnerRegistry(name: string, open: () => Promise<OpenRunnerRegistry>): void {
  describe(`${name} as a RunnerRegistry`, () => {
    let opened: OpenRunnerRegistry;
    let runners: RunnerRegistry;
    let app: string;
    const ids = new TaggedIds(randomBytes);
    const now = Date.now();

    beforeAll(async () => {
      opened = await open();
      runners = opened.runners;
    });
    beforeEach(() => {
      app = `owner/app-${uuidv7()}`;
    });
    afterAll(() => opened.close());

    const newRunner = (): RunnerRecord => launched({ id: ids.next(app, now), app, revision: 'r1', createdAt: now });

    const create = async (): Promise<RunnerRecord> => {
      const runner = newRunner();
      expect(await runners.create(runner)).toBe(true);
      return runner;
    };

    const terminate = async (runner: RunnerRecord, at: number): Promise<RunnerRecord> => {
      const next = defined(terminated(runner, 'retired', 'idle', at));
      expect(await runners.replace(next)).toBe(true);
      return next;
    };

    describe('records', () => {
      test('a created runner can be read back as it was', async () => {
        const runner = await create();
        expect(await runners.get(runner.id)).toEqual(runner);
      });

      test('an unknown runner is undefined', async () => {
        expect(await runners.get(uuidv7())).toBeUndefined();
      });

      test('an id that is taken is refused and the first record stays', async () => {
        const runner = await create();
        expect(await runners.create({ ...runner, revision: 'r2' })).toBe(false);
        expect(await runners.get(runner.id)).toEqual(runner);
      });

      test('of concurrent changes of one version exactly one is stored', async () => {
        const runner = await create();
        const changes = [1, 2, 3, 4].map((n) => ({ ...defined(becameReady(runner, now)), inFlight: n }));
        const results = await Promise.all(changes.map((next) => runners.replace(next)));
        expect(results.filter((result) => result)).toHaveLength(1);
        expect(await runners.get(runner.id)).toEqual(changes[results.indexOf(true)]);
      });

      test('a runner that does not exist is not made by a replace', async () => {
        const runner = newRunner();
        expect(await runners.replace({ ...runner, version: 2 })).toBe(false);
        expect(await runners.get(runner.id)).toBeUndefined();
      });
    });

    describe('list', () => {
      const ids = (records: readonly RunnerRecord[]): string[] => records.map(({ id }) => id).sort();

      test('shows the runners of the app that are not terminated', async () => {
        const first = await create();
        const second = await create();
        await terminate(await create(), now);
        await eventually(async () => {
          expect(ids(await runners.list(app))).toEqual([first.id, second.id].sort());
        });
        expect(await runners.list(`${app}-2`)).toEqual([]);
      });

      test('shows those terminated since a time when asked', async () => {
        const running = await create();
        const late = await terminate(await create(), now + 2_000);
        await terminate(await create(), now + 1_000);
        const wanted = [running.id, late.id].sort();
        await eventually(async () => {
          expect(ids(await runners.list(app, now + 2_000))).toEqual(wanted);
        });
      });
    });

    describe('the READY set', () => {
      const members = async (revision = 'r1'): Promise<string[]> =>
        [...(await runners.readySet(app, revision)).runners].sort();

      test('is empty with a floor of zero before anybody joined', async () => {
        expect(await runners.readySet(app, 'r1')).toEqual({ floor: 0, runners: [] });
      });

      test('joining and leaving twice is the same as once', async () => {
        await runners.joinReady(app, 'r1', 'a');
        await runners.joinReady(app, 'r1', 'a');
        await runners.joinReady(app, 'r1', 'b');
        expect(await members()).toEqual(['a', 'b']);
        await runners.leaveReady(app, 'r1', 'a');
        await runners.leaveReady(app, 'r1', 'a');
        expect(await members()).toEqual(['b']);
      });

      test('revisions have sets and floors of their own', async () => {
        await runners.joinReady(app, 'r1', 'a');
        await runners.setFloor(app, 'r1', 1);
        expect(await runners.readySet(app, 'r2')).toEqual({ floor: 0, runners: [] });
        expect(await runners.readySet(app, 'r1')).toEqual({ floor: 1, runners: ['a'] });
      });

      test('a runner retires while more than the floor are ready, then no more', async () => {
        for (const runner of ['a', 'b', 'c']) await runners.joinReady(app, 'r1', runner);
        await runners.setFloor(app, 'r1', 2);
        expect(await runners.retire(app, 'r1', 'a')).toBe(true);
        expect(await runners.retire(app, 'r1', 'b')).toBe(false);
        expect(await members()).toEqual(['b', 'c']);
      });

      test('retiring again, or without ever having joined, has succeeded', async () => {
        await runners.joinReady(app, 'r1', 'a');
        await runners.joinReady(app, 'r1', 'b');
        await runners.setFloor(app, 'r1', 1);
        expect(await runners.retire(app, 'r1', 'a')).toBe(true);
        expect(await runners.retire(app, 'r1', 'a')).toBe(true);
        expect(await runners.retire(app, 'r1', 'never')).toBe(true);
        expect(await members()).toEqual(['b']);
      });

      test('of many that retire at once exactly the floor stays', async () => {
        const all = ['a', 'b', 'c', 'd', 'e', 'f'];
        for (const runner of all) await runners.joinReady(app, 'r1', runner);
        await runners.setFloor(app, 'r1', 2);
        const results = await Promise.all(all.map((runner) => runners.retire(app, 'r1', runner)));
        expect(await members()).toEqual(all.filter((_, index) => !results[index]));
        expect(results.filter((result) => result)).toHaveLength(4);
      });

      test('a runner leaves below the floor, too', async () => {
        await runners.joinReady(app, 'r1', 'a');
        await runners.setFloor(app, 'r1', 1);
        await runners.leaveReady(app, 'r1', 'a');
        expect(await members()).toEqual([]);
      });

      test('without a floor the last runner retires', async () => {
        await runners.joinReady(app, 'r1', 'a');
        expect(await runners.retire(app, 'r1', 'a')).toBe(true);
        expect(await members()).toEqual([]);
      });
    });
  });
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
