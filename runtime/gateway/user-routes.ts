/** `/rest/users/current`: whose key this is. */
import { Hono } from 'hono';
import type { Authenticator } from './authentication';
import { json } from './errors';

export function userRoutes(authenticator: Authenticator): Hono {
  const routes = new Hono();
  routes.get('/users/current', async ({ req: { raw: request } }) => {
    const { user, scope } = await authenticator.requireCaller(request);
    return json(200, { user_id: user, username: user, scope });
  });
  return routes;
}
