/**
 * The services of fal's API and where they live: under a path of the gateway's own host, or at fal's host names
 * where DNS or a proxy header leads those here.
 */
import type { GatewaySettings } from './dependencies';
import { hostnameOf, requestUrl } from './request-url';

export type Service = 'run' | 'queue' | 'rest' | 'cdn' | 'rest/kv';

const SERVICE_OF_HOST: ReadonlyMap<string, Service> = new Map([
  ['fal.run', 'run'],
  ['queue.fal.run', 'queue'],
  ['rest.fal.ai', 'rest'],
  ['rest.alpha.fal.ai', 'rest'],
  ['v3.fal.media', 'cdn'],
  ['kv.fal.media', 'rest/kv'],
]);

const HOST_OF_SERVICE: Readonly<Record<Service, string>> = {
  run: 'fal.run',
  queue: 'queue.fal.run',
  rest: 'rest.fal.ai',
  cdn: 'v3.fal.media',
  'rest/kv': 'kv.fal.media',
};

/** The service that fal serves under a host name (without port), if any. */
export function serviceOfHost(hostname: string): Service | undefined {
  return SERVICE_OF_HOST.get(hostname);
}

/**
 * The URL under which the caller of `request` reaches a service, without a slash at the end. Clients follow the URLs they
 * are given as they are, so it has the scheme and host they used.
 */
export function serviceUrl(request: Request, service: Service, settings: GatewaySettings): string {
  const origin = publicOrigin(request, settings);
  return serviceOfHost(hostnameOf(origin)) === undefined
    ? `${origin}/${service}`
    : `https://${HOST_OF_SERVICE[service]}`;
}

function publicOrigin(request: Request, settings: GatewaySettings): string {
  if (settings.publicUrl !== undefined) return settings.publicUrl.replace(/\/+$/, '');
  const { origin } = requestUrl(request);
  const scheme = request.headers.get('x-forwarded-proto')?.split(',', 1)[0]?.trim();
  return scheme === 'https' || scheme === 'http' ? `${scheme}${origin.slice(origin.indexOf('://'))}` : origin;
}
