import { PlatformKeys } from '../../lambda/platform-keys';
import { ResourceNames } from '../../runtime/aws-layout';
import { parseKey, secretMatches } from '../../runtime/gateway/keys';
import { MemoryKeyStore } from '../support/memory-key-store';
import { MemorySecretStore } from '../support/memory-stores';

const names = new ResourceNames('team');
const clock = { now: () => 1 };

test('every key is made once, for the owner of the platform, and works', async () => {
  const keys = new MemoryKeyStore();
  const secrets = new MemorySecretStore();
  await new PlatformKeys({ keys, secrets, clock, names }).ensure();
  await new PlatformKeys({ keys, secrets, clock, names }).ensure();
  const listed = await keys.list();
  expect(listed.map(({ user, scope, description }) => [user, scope, description]).sort()).toEqual([
    ['team', 'ADMIN', 'admin-key'],
    ['team', 'API', 'app-key'],
    ['team', 'API', 'invoke-key'],
  ]);
  const { id, secret } = parseKey((await secrets.get('admin-key')) ?? '');
  const stored = await keys.get(id);
  expect(stored !== undefined && secretMatches(stored, secret)).toBe(true);
});

test('of two processes that make a key at once, one key is left', async () => {
  const keys = new MemoryKeyStore();
  const secrets = new MemorySecretStore();
  const open = (): PlatformKeys => new PlatformKeys({ keys, secrets, clock, names });
  await Promise.all([open().ensure(), open().ensure()]);
  const ids = (await keys.list()).map(({ id }) => id).sort();
  const kept = await Promise.all(['app-key', 'invoke-key', 'admin-key'].map((name) => secrets.get(name)));
  expect(ids).toEqual(kept.map((key) => parseKey(key ?? '').id).sort());
});

test('a store that failed is asked again', async () => {
  const secrets = new MemorySecretStore();
  const get = secrets.get.bind(secrets);
  let failures = 1;
  secrets.get = async (name) => (failures-- > 0 ? Promise.reject(new Error('throttled')) : get(name));
  const platform = new PlatformKeys({ keys: new MemoryKeyStore(), secrets, clock, names });
  await expect(platform.ensure()).rejects.toThrow('throttled');
  await platform.ensure();
  expect(await get('app-key')).toBeDefined();
});
