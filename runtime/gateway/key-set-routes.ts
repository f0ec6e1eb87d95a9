/** Where receivers of webhooks fetch the public key that verifies them. */
import { Hono } from 'hono';
import type { SecretStore } from '../ports';
import { jwks } from '../webhook-signature';

/** fal's receivers keep the answer for a day; so may caches. */
const MAX_AGE_SECONDS = 24 * 60 * 60;

export function keySetRoutes(secrets: SecretStore): Hono {
  return new Hono().get('/.well-known/jwks.json', async () =>
    Response.json(await jwks(secrets), { headers: { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` } }),
  );
}
