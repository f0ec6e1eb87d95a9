/**
 * `/run`: the app called directly. Any method and any path reach it, and its answer comes back as it is.
 */
import { Hono } from 'hono';
import type { AppDirectory } from './app-directory';
import type { DirectCalls } from './direct-calls';
import { parseEndpoint } from './endpoint';
import { unknownApp } from './errors';
import { requestUrl } from './request-url';

export function runRoutes(directory: AppDirectory, calls: DirectCalls): Hono {
  const routes = new Hono();
  routes.all('/*', async ({ req: { raw: request } }) => {
    const path = requestUrl(request).path.slice('/run'.length);
    const endpoint = parseEndpoint(path);
    const app = endpoint && (await directory.get(endpoint.app));
    if (endpoint === undefined || app === undefined) throw unknownApp(endpoint?.app ?? path.slice(1));
    return calls.call(request, app, endpoint.path);
  });
  return routes;
}
