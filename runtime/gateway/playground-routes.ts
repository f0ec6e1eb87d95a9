/**
 * The playground: one page for every app, which finds out in the browser what it is about. Everybody gets it; its calls are
 * the caller's own, with the key that is typed there.
 */
import { Hono } from 'hono';
import type { GatewayDependencies } from './dependencies';
import { detailError } from './errors';

/** What the page may do besides is said in the page itself. Frames can only be forbidden by a header. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': "frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export function playgroundRoutes({ playground }: Pick<GatewayDependencies, 'playground'>): Hono {
  const routes = new Hono();
  routes.on(['GET', 'HEAD'], ['/', '/:owner/:app'], async () => {
    if (playground === undefined) throw detailError(404, 'This platform has no playground');
    return new Response(await playground(), { headers: HEADERS });
  });
  return routes;
}
