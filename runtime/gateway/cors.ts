/**
 * Browsers may call the platform from any page, with any header, and read every header of the answer. Credentials travel
 * in `Authorization` alone, which a page has to know; cookies mean nothing here.
 */
import type { MiddlewareHandler } from 'hono';

const EXPOSED = [
  'x-fal-request-id',
  'x-fal-error-type',
  'x-fal-request-timeout-type',
  'x-fal-billable-units',
  'x-fal-served-from',
  'x-fal-runner-hints',
  'x-fal-retryable',
  'x-fal-needs-retry',
  '*',
].join(', ');

/** How long a browser may remember the answer to a preflight, in seconds. */
const MAX_AGE = '86400';

/** Answers preflights for every route, so that none wakes a runner; an app's own CORS headers are left as they are. */
export const cors: MiddlewareHandler = async (context, next) => {
  const { headers, method } = context.req.raw;
  if (headers.get('origin') === null) return next();
  const requested = headers.get('access-control-request-method');
  if (method === 'OPTIONS' && requested !== null)
    return preflight(requested, headers.get('access-control-request-headers'));
  await next();
  if (context.res.headers.has('access-control-allow-origin')) return undefined;
  context.res.headers.set('access-control-allow-origin', '*');
  context.res.headers.set('access-control-expose-headers', EXPOSED);
  return undefined;
};

function preflight(method: string, headers: string | null): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': method,
      'access-control-max-age': MAX_AGE,
      vary: 'access-control-request-method, access-control-request-headers',
      ...(headers === null ? {} : { 'access-control-allow-headers': headers }),
    },
  });
}
