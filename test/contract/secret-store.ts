import { randomUUID } from 'node:crypto';
import type { SecretStore } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenSecretStore {
  readonly secrets: SecretStore;
  readonly close: () => Promise<void>;
}

/** What every `SecretStore` does. */
export function describeSecretStore(name: string, open: () => Promise<OpenSecretStore>): void {
  describe(`${name} as a SecretStore`, () => {
    let opened: OpenSecretStore;
    let secrets: SecretStore;
    let secret: string;

    beforeAll(async () => {
      opened = await open();
      secrets = opened.secrets;
    });
    beforeEach(() => {
      secret = `TOKEN_${randomUUID().replaceAll('-', '_').toUpperCase()}`;
    });
    afterAll(() => opened.close());

    test('a value can be read back as it was', async () => {
      const value = 'a "quoted"\nline, ümlaut = 1';
      await secrets.set(secret, value);
      await eventually(async () => {
        expect(await secrets.get(secret)).toBe(value);
      });
    });

    test('an unknown secret is undefined', async () => {
      expect(await secrets.get(secret)).toBeUndefined();
    });

    test('setting again replaces', async () => {
      await secrets.set(secret, 'before');
      await secrets.set(secret, 'after');
      await eventually(async () => {
        expect(await secrets.get(secret)).toBe('after');
      });
    });

    test('a value is set if absent, and kept if not', async () => {
      expect(await secrets.setIfAbsent(secret, 'first')).toBe('first');
      expect(await secrets.setIfAbsent(secret, 'second')).toBe('first');
      expect(await secrets.get(secret)).toBe('first');
    });

    test('of many that set a value if absent all get the same', async () => {
      const values = await Promise.all(['a', 'b', 'c', 'd'].map((value) => secrets.setIfAbsent(secret, value)));
      expect(new Set(values).size).toBe(1);
      expect(await secrets.get(secret)).toBe(values[0]);
    });

    test('names are listed until they are removed', async () => {
      const other = `${secret}_2`;
      await Promise.all([secrets.set(secret, 'x'), secrets.set(other, 'y')]);
      await eventually(async () => {
        expect(await secrets.names()).toEqual(expect.arrayContaining([secret, other]));
      });
      expect(await secrets.remove(secret)).toBe(true);
      await eventually(async () => {
        expect(await secrets.names()).not.toContain(secret);
      });
      expect(await secrets.get(secret)).toBeUndefined();
      expect(await secrets.get(other)).toBe('y');
    });

    test('removing a secret that is not there says so', async () => {
      expect(await secrets.remove(secret)).toBe(false);
    });

    test('a removed secret can be set again', async () => {
      await secrets.set(secret, 'before');
      await secrets.remove(secret);
      await secrets.set(secret, 'after');
      await eventually(async () => {
        expect(await secrets.get(secret)).toBe('after');
      });
    });
  });
}
