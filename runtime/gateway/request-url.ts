/** The parts of a request's URL, cut without parsing it: paths must reach the app as they were sent. */
export interface RequestUrl {
  /** Scheme and host: `http://localhost:8000`. */
  readonly origin: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** With its `?`; empty without a query. */
  readonly search: string;
}

export function requestUrl(request: Request): RequestUrl {
  const { url } = request;
  const pathStart = indexOrEnd(url, '/', url.indexOf('://') + 3);
  const fragmentStart = indexOrEnd(url, '#', pathStart);
  const searchStart = Math.min(indexOrEnd(url, '?', pathStart), fragmentStart);
  return {
    origin: url.slice(0, pathStart),
    path: url.slice(pathStart, searchStart) || '/',
    search: url.slice(searchStart, fragmentStart),
  };
}

/** The host name of a URL's origin, as a URL parser reads it. Asked for at every request, and nearly always the same. */
export function hostnameOf(origin: string): string {
  if (origin !== lastOrigin) {
    lastHostname = new URL(origin).hostname;
    lastOrigin = origin;
  }
  return lastHostname;
}

let lastOrigin = '';
let lastHostname = '';

/** A query without some of its parameters; the others stay exactly as they were. */
export function withoutParameters(search: string, names: ReadonlySet<string>): string {
  if (search === '') return search;
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => !names.has(pair.split('=', 1)[0] ?? ''));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function indexOrEnd(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index === -1 ? text.length : index;
}
