/** `/rest/admin`: what whoever runs the platform sees and does, for the command line and dashboards. Needs an ADMIN key. */
import { Hono } from 'hono';
import { appRoutes } from './admin/app-routes';
import { keyRoutes } from './admin/key-routes';
import { logRoutes } from './admin/log-routes';
import { queueRoutes } from './admin/queue-routes';
import { runnerRoutes } from './admin/runner-routes';
import { secretRoutes } from './admin/secret-routes';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { detailError } from './errors';

export function adminRoutes(dependencies: GatewayDependencies, authenticator: Authenticator): Hono {
  const routes = new Hono();
  routes.use(async ({ req: { raw: request } }, next) => {
    const { scope } = await authenticator.requireCaller(request);
    if (scope !== 'ADMIN') throw detailError(403, 'This needs a key of scope ADMIN');
    await next();
  });
  routes.route('/', queueRoutes(dependencies));
  routes.route('/', runnerRoutes(dependencies));
  routes.route('/', logRoutes(dependencies));
  routes.route('/', appRoutes(dependencies));
  routes.route('/keys', keyRoutes(dependencies));
  routes.route('/secrets', secretRoutes(dependencies));
  return routes;
}
