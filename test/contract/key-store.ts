import { v7 as uuidv7 } from 'uuid';
import type { ApiKey, KeyStore } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenKeyStore {
  readonly keys: KeyStore;
  readonly close: () => Promise<void>;
}

/** What every `KeyStore` does. */
export function describeKeyStore(name: string, open: () => Promise<OpenKeyStore>): void {
  describe(`${name} as a KeyStore`, () => {
    let opened: OpenKeyStore;
    let keys: KeyStore;

    beforeAll(async () => {
      opened = await open();
      keys = opened.keys;
    });
    afterAll(() => opened.close());

    const put = async (over: Partial<ApiKey> = {}): Promise<ApiKey> => {
      const key: ApiKey = {
        id: uuidv7(),
        secretHash: 'ab'.repeat(32),
        user: 'owner',
        scope: 'API',
        description: 'for "tests" of ümlauts',
        createdAt: 1_700_000_000_123,
        ...over,
      };
      await keys.put(key);
      return key;
    };

    test('a key can be read back as it was', async () => {
      const key = await put();
      expect(await keys.get(key.id)).toEqual(key);
    });

    test('an unknown key is undefined', async () => {
      expect(await keys.get(uuidv7())).toBeUndefined();
    });

    test('putting again replaces', async () => {
      const key = await put();
      await put({ ...key, scope: 'ADMIN' });
      expect((await keys.get(key.id))?.scope).toBe('ADMIN');
    });

    test('all keys are listed until they are removed', async () => {
      const first = await put();
      const second = await put();
      await eventually(async () => {
        expect(await keys.list()).toEqual(expect.arrayContaining([first, second]));
      });
      expect(await keys.remove(first.id)).toBe(true);
      expect(await keys.get(first.id)).toBeUndefined();
      await eventually(async () => {
        expect(await keys.list()).not.toContainEqual(first);
      });
    });

    test('removing a key that is not there says so', async () => {
      const key = await put();
      expect(await keys.remove(key.id)).toBe(true);
      expect(await keys.remove(key.id)).toBe(false);
      expect(await keys.remove(uuidv7())).toBe(false);
    });
  });
}
