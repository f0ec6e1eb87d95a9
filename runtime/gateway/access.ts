/** What a caller may do: fal's three kinds of app access, and who may see a request. Pure. */
import type { AppRecord } from '../domain/app';
import type { RequestHead } from '../domain/request';
import { ownerOf } from './app-directory';
import type { Caller } from './authentication';
import { detailError } from './errors';

/**
 * Throws 401 unless the caller may call the endpoint: `private` apps are their owner's, `shared` ones any known user's,
 * `public` ones anybody's.
 */
export function requireAccess(caller: Caller | undefined, app: AppRecord, path: string): void {
  const reason = refusal(caller, app, path);
  if (reason !== undefined) throw detailError(401, `Cannot access application "${app.id}". ${reason}`);
}

export function mayCall(caller: Caller | undefined, app: AppRecord, path: string): boolean {
  return refusal(caller, app, path) === undefined;
}

function refusal(caller: Caller | undefined, { id, spec }: AppRecord, path: string): string | undefined {
  if (caller !== undefined && !tokenCovers(caller, id, path)) return 'The token was not issued for it.';
  if (spec.auth === 'public') return undefined;
  if (caller === undefined) return 'Authentication is required to access this application.';
  const foreign = spec.auth === 'private' && caller.user !== ownerOf(id);
  return foreign ? 'It is private to its owner.' : undefined;
}

/** Who submitted a request may see it, and the app's owner. One sent without a key belongs to whoever knows its id. */
export function mayRead(caller: Caller | undefined, head: RequestHead): boolean {
  if (head.caller === '') return true;
  if (caller === undefined || (caller.user !== head.caller && caller.user !== ownerOf(head.app))) return false;
  return tokenCovers(caller, head.app, head.path);
}

/** A token names an app by its alias alone, by its id, or one of its endpoints. */
function tokenCovers({ allowedApps }: Caller, app: string, path: string): boolean {
  if (allowedApps === undefined) return true;
  const alias = app.slice(app.lastIndexOf('/') + 1);
  const endpoint = `${app}${path}`;
  return allowedApps.some(
    (allowed) => allowed === alias || allowed === app || endpoint === allowed || endpoint.startsWith(`${allowed}/`),
  );
}
