/**
 * Everything outside the gateway's own prefixes. With exactly one app served, its paths are reached without its name, as
 * if the app listened here itself; with several, `GET /` lists them.
 */
import { Hono, type Context } from 'hono';
import { mayCall } from './access';
import type { AppDirectory } from './app-directory';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import type { DirectCalls } from './direct-calls';
import { detailError, json } from './errors';
import { requestUrl } from './request-url';
import { serviceUrl } from './service-hosts';

/** Paths of the gateway that no app can have at the root; what isn't found under them stays not found. */
export const RESERVED = /^\/(?:run|queue|rest|cdn|playground)(?:\/|$)/;

export function rootRoutes(
  dependencies: GatewayDependencies,
  directory: AppDirectory,
  authenticator: Authenticator,
  calls: DirectCalls,
): Hono {
  const routes = new Hono();
  routes.all('*', async (context) => {
    const { path } = requestUrl(context.req.raw);
    if (RESERVED.test(path)) throw detailError(404, `Path ${path} not found`);
    const app = await directory.onlyApp();
    if (app !== undefined) return calls.call(context.req.raw, app, path);
    if (path === '/') return listing(context, dependencies, directory, authenticator);
    throw detailError(404, `Path ${path} not found; call an app under /run/<owner>/<app> or /queue/<owner>/<app>`);
  });
  return routes;
}

/** The apps that the caller may call, and where. */
async function listing(
  { req: { raw: request } }: Context,
  { settings }: GatewayDependencies,
  directory: AppDirectory,
  authenticator: Authenticator,
): Promise<Response> {
  const { caller } = await authenticator.authenticate(request);
  const apps = (await directory.list()).filter((app) => mayCall(caller, app, '/'));
  return json(200, {
    apps: apps.map(({ id }) => ({
      id,
      run: `${serviceUrl(request, 'run', settings)}/${id}`,
      queue: `${serviceUrl(request, 'queue', settings)}/${id}`,
    })),
  });
}
