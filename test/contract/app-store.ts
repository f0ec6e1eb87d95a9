import { v7 as uuidv7 } from 'uuid';
import type { AppRecord, Decision } from '../../runtime/domain/app';
import type { AppStore } from '../../runtime/ports';
import { exampleApp } from './example-app';
import { eventually } from './eventually';

export interface OpenAppStore {
  readonly apps: AppStore;
  readonly close: () => Promise<void>;
}

/** What every `AppStore` does. */
export function describeAppStore(name: string, open: () => Promise<OpenAppStore>): void {
  describe(`${name} as an AppStore`, () => {
    let opened: OpenAppStore;
    let apps: AppStore;

    beforeAll(async () => {
      opened = await open();
      apps = opened.apps;
    });
    afterAll(() => opened.close());

    const put = async (over: Partial<AppRecord> = {}): Promise<AppRecord> => {
      const app = exampleApp({ id: `owner/app-${uuidv7()}`, ...over });
      await apps.put(app);
      return app;
    };

    test('an app can be read back as it was', async () => {
      const app = await put();
      expect(await apps.get(app.id)).toEqual(app);
    });

    test('an unknown app is undefined', async () => {
      expect(await apps.get(`owner/app-${uuidv7()}`)).toBeUndefined();
    });

    test('putting again replaces', async () => {
      const app = await put();
      await put({ ...app, revision: 'r2' });
      expect((await apps.get(app.id))?.revision).toBe('r2');
    });

    test('what was read can be replaced', async () => {
      const app = await put({ earlier: [], scale: { overrides: { keep_alive: 5 }, deployed: { keep_alive: 60 } } });
      const read = defined(await apps.get(app.id));
      const next: AppRecord = { ...read, readyAt: 1_700_000_000_001 };
      expect(await apps.replace(read, next)).toBe(true);
      expect(await apps.get(app.id)).toEqual(next);
    });

    test('of several changes to what was read exactly one is stored', async () => {
      const app = await put();
      const read = defined(await apps.get(app.id));
      const changes = [1, 2, 3].map((readyAt): AppRecord => ({ ...read, readyAt }));
      const results = await Promise.all(changes.map((next) => apps.replace(read, next)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await apps.get(app.id)).toEqual(changes[results.indexOf(true)]);
    });

    test('an app that was put again since, or removed, is not replaced', async () => {
      const app = await put();
      const read = defined(await apps.get(app.id));
      await put({ ...app, revision: 'r2' });
      expect(await apps.replace(read, { ...read, readyAt: 1 })).toBe(false);
      expect((await apps.get(app.id))?.revision).toBe('r2');
      const latest = defined(await apps.get(app.id));
      await apps.remove(app.id);
      expect(await apps.replace(latest, { ...latest, readyAt: 1 })).toBe(false);
      expect(await apps.get(app.id)).toBeUndefined();
    });

    test('all apps are listed until they are removed', async () => {
      const first = await put();
      const second = await put();
      await eventually(async () => {
        expect(await apps.list()).toEqual(expect.arrayContaining([first, second]));
      });
      await apps.remove(first.id);
      await apps.remove(first.id);
      expect(await apps.get(first.id)).toBeUndefined();
      await eventually(async () => {
        const ids = (await apps.list()).map(({ id }) => id);
        expect(ids).toContain(second.id);
        expect(ids).not.toContain(first.id);
      });
    });

    test('decisions of an app come newest first', async () => {
      const app = `owner/app-${uuidv7()}`;
      const decisions = [1, 2, 3].map((n): Decision => ({
        app,
        at: 1_700_000_000_000 + n,
        reason: `step ${n}`,
        actions: ['launch'],
        inputs: { n, ok: true },
      }));
      for (const decision of decisions) await apps.recordDecision(decision);
      await apps.recordDecision({ app: `${app}-2`, at: 1, reason: 'other', actions: [], inputs: {} });
      await eventually(async () => {
        expect(await apps.decisions(app, 10)).toEqual([...decisions].reverse());
      });
      expect(await apps.decisions(app, 2)).toEqual([decisions[2], decisions[1]]);
    });

    test('an app without decisions has none', async () => {
      expect(await apps.decisions(`owner/app-${uuidv7()}`, 10)).toEqual([]);
    });

    test('two decisions of the same millisecond are both kept', async () => {
      const app = `owner/app-${uuidv7()}`;
      for (const reason of ['one', 'two']) {
        await apps.recordDecision({ app, at: 1_700_000_000_000, reason, actions: [], inputs: {} });
      }
      await eventually(async () => {
        expect((await apps.decisions(app, 10)).map(({ reason }) => reason).sort()).toEqual(['one', 'two']);
      });
    });
  });
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
