/** The keys a platform makes for itself: one for its owner, one for its apps. */
import { createKey } from '../runtime/gateway/keys';
import type { Stores } from './stores';

/** The owner's ADMIN key, when there is none yet. It is returned this once and can't be read again. */
export async function firstOwnerKey(stores: Stores, owner: string): Promise<string | undefined> {
  const existing = await stores.keys.list();
  if (existing.some((key) => key.user === owner && key.scope === 'ADMIN' && key.description !== APP_KEY))
    return undefined;
  return createKey(stores, { user: owner, scope: 'ADMIN', description: 'made at the first start' });
}

/** The key that apps find in `FAL_KEY`. It outlives restarts, so that an app's own calls keep their owner. */
export async function appKey(stores: Stores, owner: string): Promise<string> {
  const stored = await stores.secrets.get(APP_KEY);
  if (stored !== undefined) return stored;
  const key = await createKey(stores, { user: owner, scope: 'API', description: APP_KEY });
  return stores.secrets.setIfAbsent(APP_KEY, key);
}

const APP_KEY = 'app-key';
