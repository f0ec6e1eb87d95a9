/** fal's key-value service, as `fal.toolkit.KVStore` calls it, under `/rest/kv`. Errors are `{"error": …}` there. */
import { Hono } from 'hono';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { GatewayError } from './errors';
import { KeyValueStore, type ValueAddress } from './key-value-store';
import { INLINE_BODY_BYTES, readBody } from './request-body';
import type { SignedTokenAuthority } from './token-authority';

export function keyValueRoutes(
  { blobs, clock }: Pick<GatewayDependencies, 'blobs' | 'clock'>,
  authenticator: Authenticator,
  authority: SignedTokenAuthority,
): Hono {
  const values = new KeyValueStore(blobs, clock);
  const addressOf = async (request: Request, database: string, key: string): Promise<ValueAddress> => ({
    user: await userOf(request, authenticator, authority),
    ...{ database, key },
  });
  const routes = new Hono();
  routes.get('/kv/get/:database/:key{.+}', async ({ req }) => {
    const value = await values.get(await addressOf(req.raw, req.param('database'), req.param('key')));
    if (value === undefined) throw failure(404, 'There is no such key');
    return Response.json({ value });
  });
  routes.put('/kv/set/:database/:key{.+}', async ({ req }) => {
    const address = await addressOf(req.raw, req.param('database'), req.param('key'));
    await values.set(address, await valueOf(req.raw, blobs), secondsOf(req.query('ttl')));
    return Response.json({ success: true });
  });
  routes.delete('/kv/delete/:database/:key{.+}', async ({ req }) => {
    await values.delete(await addressOf(req.raw, req.param('database'), req.param('key')));
    return Response.json({ success: true });
  });
  return routes;
}

/** The SDK documents 60 s to 30 days, and 30 days when nothing is said. */
const MIN_SECONDS = 60;
const MAX_SECONDS = 30 * 24 * 60 * 60;

/** Values are the user's own: a token that an app was handed with a request of somebody else does not open them. */
async function userOf(
  request: Request,
  authenticator: Authenticator,
  authority: SignedTokenAuthority,
): Promise<string> {
  const bearer = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  const user = bearer === undefined ? undefined : await authority.storageUser(bearer);
  if (user !== undefined) return user;
  const caller = await authenticator.requireCaller(request);
  if (caller.allowedApps !== undefined) throw failure(403, 'This token calls apps; values need an API key');
  return caller.user;
}

async function valueOf(request: Request, blobs: GatewayDependencies['blobs']): Promise<string> {
  // Up to this size a body never gets into the blob store, so that its key there does not matter.
  const body = await readBody(request, { maxBytes: INLINE_BODY_BYTES, blobs, blobKey: 'kv/too-large' });
  const bytes = 'bytes' in body ? body.bytes : new Uint8Array();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw failure(422, 'The value must be text in UTF-8');
  }
}

function secondsOf(ttl: string | undefined): number {
  if (ttl === undefined) return MAX_SECONDS;
  const seconds = Number(ttl);
  if (/^\d+$/.test(ttl) && seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw failure(422, `ttl must be ${MIN_SECONDS} to ${MAX_SECONDS} seconds`);
}

function failure(status: number, error: string): GatewayError {
  return new GatewayError(status, { error });
}
