/** What the paths under `/run` and `/queue` address. Pure; paths are taken as they stand on the wire. */

/** An endpoint of an app. */
export interface Endpoint {
  /** `owner/alias`, or `namespace/owner/alias` in one of fal's namespaces. */
  readonly app: string;
  /** The path within the app; `/` for the app itself. */
  readonly path: string;
}

export type RequestOperation = 'status' | 'status/stream' | 'result' | 'cancel';

export type QueueRoute =
  | { readonly operation: 'submit'; readonly endpoint: Endpoint }
  | { readonly operation: RequestOperation; readonly id: string };

/** Namespaces that shift the app id by one segment. */
const NAMESPACES = new Set(['workflows', 'comfy']);

/** `/owner/alias/some/path` → the app and `/some/path`; `undefined` when the path is too short to name an app. */
export function parseEndpoint(path: string): Endpoint | undefined {
  const segments = path.split('/');
  if (segments[0] !== '') return undefined;
  const appEnd = NAMESPACES.has(segments[1] ?? '') ? 4 : 3;
  const app = segments.slice(1, appEnd);
  if (app.length !== appEnd - 1 || app.includes('')) return undefined;
  return { app: app.join('/'), path: `/${segments.slice(appEnd).join('/')}` };
}

/**
 * `/owner/alias[/path]/requests/{id}[/operation]`, with or without a slash at the end, addresses a request; anything else
 * an endpoint to submit to. As ids are unique everywhere, what stands before `/requests/` isn't looked at further.
 */
export function parseQueueRoute(path: string): QueueRoute | undefined {
  return parseRequestRoute(path) ?? submitRoute(path);
}

function submitRoute(path: string): QueueRoute | undefined {
  const endpoint = parseEndpoint(path);
  return endpoint && { operation: 'submit', endpoint };
}

const REQUESTS = '/requests/';

function parseRequestRoute(path: string): QueueRoute | undefined {
  const marker = path.lastIndexOf(REQUESTS);
  if (marker === -1 || parseEndpoint(path.slice(0, marker)) === undefined) return undefined;
  const [id = '', ...rest] = path.slice(marker + REQUESTS.length).split('/');
  if (rest.at(-1) === '') rest.pop();
  const operation = OPERATIONS.get(rest.join('/'));
  return id === '' || operation === undefined ? undefined : { operation, id };
}

const OPERATIONS: ReadonlyMap<string, RequestOperation> = new Map([
  ['', 'result'],
  ['response', 'result'],
  ['status', 'status'],
  ['status/stream', 'status/stream'],
  ['cancel', 'cancel'],
]);
