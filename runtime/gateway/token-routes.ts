/** Tokens for browsers and sockets, which can't send a key: realtime connections and streams opened by the page itself. */
import { Hono } from 'hono';
import type { Authenticator } from './authentication';
import { detailError, validationError } from './errors';
import { readJsonObject } from './json-body';
import type { SignedTokenAuthority } from './token-authority';

const DEFAULT_LIFETIME_SECONDS = 120;
const MAX_LIFETIME_SECONDS = 24 * 60 * 60;
const MAX_APPS = 100;

/** `/tokens/` answers a bare JSON string, `/tokens/realtime` an object; fal's clients know both. */
export function tokenRoutes(authenticator: Authenticator, authority: SignedTokenAuthority): Hono {
  const issue = async (request: Request, lifetimeField: string): Promise<string> => {
    const { user, allowedApps } = await authenticator.requireCaller(request);
    // Else a token for one app could be traded for another, or renewed for ever.
    if (allowedApps !== undefined) throw detailError(403, 'A token can not be issued to a token; use an API key');
    const body = await readJsonObject(request);
    return authority.appToken({ user, allowedApps: parseApps(body) }, parseLifetime(body, lifetimeField));
  };
  const bare = async (request: Request) => Response.json(await issue(request, 'token_expiration'));
  const routes = new Hono();
  routes.post('/tokens', ({ req }) => bare(req.raw));
  routes.post('/tokens/', ({ req }) => bare(req.raw));
  routes.post('/tokens/realtime', async ({ req }) => Response.json({ token: await issue(req.raw, 'duration') }));
  return routes;
}

/** A token is always limited to the apps it names: an empty list would mean none, and is a mistake. */
function parseApps(body: Readonly<Record<string, unknown>>): readonly string[] {
  const apps = body.allowed_apps;
  const valid = Array.isArray(apps) && apps.length > 0 && apps.length <= MAX_APPS && apps.every(isAppName);
  if (valid) return apps;
  throw validationError(['body', 'allowed_apps'], `Name 1 to ${MAX_APPS} apps, like "my-app"`, 'value_error');
}

function isAppName(given: unknown): given is string {
  return typeof given === 'string' && given !== '' && given.length <= 200;
}

function parseLifetime(body: Readonly<Record<string, unknown>>, field: string): number {
  const seconds = body[field] ?? DEFAULT_LIFETIME_SECONDS;
  if (typeof seconds === 'number' && seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS) return Math.floor(seconds);
  throw validationError(['body', field], `Give 1 to ${MAX_LIFETIME_SECONDS} seconds`, 'value_error');
}
