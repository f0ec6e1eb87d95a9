import { createHash, createPublicKey, verify } from 'node:crypto';
import { keySetRoutes } from '../../../runtime/gateway/key-set-routes';
import { signatureHeaders, signingKey } from '../../../runtime/webhook-signature';
import { MemorySecretStore } from '../../support/memory-stores';

test('a webhook is verified with the key that the platform publishes', async () => {
  const secrets = new MemorySecretStore();
  const body = Buffer.from('{"status":"OK"}');
  const key = await signingKey(secrets);
  const headers = signatureHeaders(key, { requestId: 'r-1', user: 'ann', body, now: 1_700_000_000_000 });

  const response = await keySetRoutes(secrets).request('/.well-known/jwks.json');
  const { keys } = (await response.json()) as { keys: { kty: string; crv: string; x: string }[] };
  expect(response.headers.get('cache-control')).toBe('public, max-age=86400');
  expect(keys).toHaveLength(1);

  const message = ['r-1', 'ann', '1700000000', createHash('sha256').update(body).digest('hex')].join('\n');
  const publicKey = createPublicKey({ key: keys[0]!, format: 'jwk' });
  const signature = Buffer.from(headers['x-fal-webhook-signature'] ?? '', 'hex');
  expect(verify(null, Buffer.from(message), publicKey, signature)).toBe(true);
  expect(verify(null, Buffer.from(`${message} `), publicKey, signature)).toBe(false);
});

test('the key is padded, because fal’s published Python receiver decodes it so', async () => {
  const response = await keySetRoutes(new MemorySecretStore()).request('/.well-known/jwks.json');
  const { keys } = (await response.json()) as { keys: { x: string }[] };
  expect(keys[0]?.x).toMatch(/^[A-Za-z0-9_-]{43}=$/);
});
