/** API keys as callers hold them: `id:secret`, the secret stored nowhere but as its hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { v4 as uuid } from 'uuid';
import type { ApiKey, Clock, KeyStore } from '../ports';

export interface NewKey {
  readonly user: string;
  /** `API` calls apps; `ADMIN` may also use the admin API. */
  readonly scope: ApiKey['scope'];
  readonly description: string;
}

/** Makes and stores a key. The returned `id:secret` is the only time that the secret is seen. */
export async function createKey(
  { keys, clock }: { readonly keys: KeyStore; readonly clock: Clock },
  key: NewKey,
): Promise<string> {
  const id = uuid();
  const secret = randomBytes(32).toString('hex');
  await keys.put({ id, secretHash: hash(secret).toString('hex'), createdAt: clock.now(), ...key });
  return `${id}:${secret}`;
}

export interface KeyCredentials {
  readonly id: string;
  readonly secret: string;
}

/** Splits `id:secret`; what has no colon is an id without a secret, which matches no key. */
export function parseKey(credentials: string): KeyCredentials {
  const colon = credentials.indexOf(':');
  return colon === -1
    ? { id: credentials, secret: '' }
    : { id: credentials.slice(0, colon), secret: credentials.slice(colon + 1) };
}

export function secretMatches(key: ApiKey, secret: string): boolean {
  const expected = Buffer.from(key.secretHash, 'hex');
  const given = hash(secret);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
