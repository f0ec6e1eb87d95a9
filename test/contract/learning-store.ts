import { v7 as uuidv7 } from 'uuid';
import type { LearningStore } from '../../runtime/ports';

export interface OpenLearningStore {
  readonly learnings: LearningStore;
  readonly close: () => Promise<void>;
}

/** What every `LearningStore` does. */
export function describeLearningStore(name: string, open: () => Promise<OpenLearningStore>): void {
  describe(`${name} as a LearningStore`, () => {
    let opened: OpenLearningStore;
    let learnings: LearningStore;

    beforeAll(async () => {
      opened = await open();
      learnings = opened.learnings;
    });
    afterAll(() => opened.close());

    const newApp = (): string => `owner/app-${uuidv7()}`;

    test('of an unknown app nothing is known', async () => {
      expect(await learnings.get(newApp())).toBeUndefined();
    });

    test('what was put last is read back as it was', async () => {
      const app = newApp();
      await learnings.put(app, { version: 1 });
      const latest = { version: 2, rates: [0.1, 0], levels: [{ pauses: [1, 2, 3] }], text: 'ümlaut' };
      await learnings.put(app, latest);
      expect(await learnings.get(app)).toEqual(latest);
    });

    test('apps are told apart, and one can be forgotten', async () => {
      const [one, other] = [newApp(), newApp()];
      await learnings.put(one, { one: true });
      await learnings.put(other, { one: false });
      await learnings.remove(one);
      await learnings.remove(one);
      expect(await learnings.get(one)).toBeUndefined();
      expect(await learnings.get(other)).toEqual({ one: false });
    });
  });
}
