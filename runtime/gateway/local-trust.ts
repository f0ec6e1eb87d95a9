/**
 * Which requests may go without a key on a platform that asks for none. Any page open in the user's browser can send
 * requests to `localhost`, and a name under an attacker's control can be made to resolve to it; such requests are not the
 * owner's. Pages served from the machine itself are.
 */
import { isIP } from 'node:net';
import type { GatewaySettings } from './dependencies';
import { hostnameOf, requestUrl } from './request-url';
import { serviceOfHost } from './service-hosts';

export function trustedWithoutKey(request: Request, settings: GatewaySettings): boolean {
  if (settings.requireKey) return false;
  const origin = request.headers.get('origin');
  return (
    trustedHost(hostnameOf(requestUrl(request).origin), settings) && (origin === null || loopback(hostname(origin)))
  );
}

/** A name that nobody outside can make resolve to this machine: an address, a name without dots, a private top level. */
function trustedHost(host: string, settings: GatewaySettings): boolean {
  return (
    loopback(host) ||
    isIP(bare(host)) !== 0 ||
    !host.includes('.') ||
    /\.(?:internal|local|lan|home\.arpa)$/.test(host) ||
    // Reached through DNS of the user's own making; fal, who owns the names, is the only other party that could do so.
    serviceOfHost(host) !== undefined ||
    (settings.publicUrl !== undefined && host === hostname(settings.publicUrl))
  );
}

function loopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.[\d.]+$/.test(host);
}

/** Empty for what is no URL, like the origin `null` of a sandboxed frame. */
function hostname(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
