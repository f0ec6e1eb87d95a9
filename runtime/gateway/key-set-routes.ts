/** Where receivers of webhooks fetch the public key that verifies them. */
import { Hono } from 'hono';
import type { SecretStore } from '../ports';
import { jwks } from '../webhook-signature';

/** fal's receivers keep the answer for a day; so may caches. */
const MAX_AGE_SECONDS = 24 * 60 * 60;

export function keySetRoutes(secrets: SecretStore): Hono {
  const routes = new Hono();
  const headers = { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` };
  routes.get('/.well-known/jwks.json', async () => Response.json(await jwks(secrets), { headers }));
  return routes;
}
