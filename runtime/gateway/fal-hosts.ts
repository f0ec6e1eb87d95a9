/**
 * Requests meant for fal's host names, answered here: those whose DNS leads here, and those a client sends through its
 * proxy setting, which names the target in `x-fal-target-url`. They go to the gateway's own routes and nowhere else, so
 * this is no open proxy.
 */
import { detailError } from './errors';
import { hostnameOf, requestUrl } from './request-url';
import { serviceOfHost } from './service-hosts';

/** fal's name for the header, set by `proxyUrl` of its JavaScript client. */
const TARGET_HEADER = 'x-fal-target-url';

/**
 * The request as if it had been sent to the service's path here, or `undefined` when it was. The host stays the caller's,
 * so that URLs in the answer lead back the same way. Throws 400 and 412 as fal's own proxy does.
 */
export function rerouted(request: Request): Request | undefined {
  const target = request.headers.get(TARGET_HEADER);
  const { origin, path, search } = requestUrl(request);
  if (target !== null) {
    const { service, rest } = targetOf(target);
    return withUrl(request, `${origin}/${service}${rest}`);
  }
  const service = serviceOfHost(hostnameOf(origin));
  return service === undefined ? undefined : withUrl(request, `${origin}/${service}${path}${search}`);
}

function targetOf(target: string): { readonly service: string; readonly rest: string } {
  if (!URL.canParse(target)) throw detailError(400, `The header ${TARGET_HEADER} must be a URL`);
  const { protocol, hostname, pathname, search } = new URL(target);
  const service = protocol === 'https:' || protocol === 'http:' ? serviceOfHost(hostname) : undefined;
  if (service === undefined)
    throw detailError(412, `Invalid ${TARGET_HEADER} header: only hosts of fal's API are served`);
  return { service, rest: `${pathname}${search}` };
}

function withUrl(request: Request, url: string): Request {
  const headers = new Headers(request.headers);
  headers.delete(TARGET_HEADER);
  const { method, body, signal } = request;
  return new Request(url, { method, headers, body, signal, duplex: 'half' });
}
