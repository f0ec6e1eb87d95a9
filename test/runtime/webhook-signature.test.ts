import { jwks, signingKey } from '../../runtime/webhook-signature';
import { MemorySecretStore } from '../support/memory-stores';

describe('the key that signs webhooks', () => {
  it('is published with padding, for receivers that decode it as fal documents', async () => {
    const { keys } = await jwks(new MemorySecretStore());
    expect(keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', use: 'sig' }]);
    expect(keys[0]?.x).toMatch(/^[\w-]{43}=$/);
  });

  it('stays the same from one start of the platform to the next', async () => {
    const secrets = new MemorySecretStore();
    expect(await jwks(secrets)).toEqual(await jwks(secrets));
  });

  it('is one key even when two processes make it at once', async () => {
    const secrets = new MemorySecretStore();
    const [first, second] = await Promise.all([signingKey(secrets), signingKey(secrets)]);
    expect(first.equals(second)).toBe(true);
  });
});
