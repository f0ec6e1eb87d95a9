/** API keys. */
import { Hono } from 'hono';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, validationError } from '../errors';
import { readJsonObject } from '../json-body';
import { createKey, type NewKey } from '../keys';

export function keyRoutes(dependencies: GatewayDependencies): Hono {
  const { keys } = dependencies;
  const routes = new Hono();
  routes.get('/', async () => {
    const listed = (await keys.list()).map(({ secretHash: _kept, ...key }) => key);
    return json(200, { keys: listed });
  });
  routes.post('/', async ({ req: { raw: request } }) => {
    const key = await createKey(dependencies, newKey(await readJsonObject(request), dependencies.settings.owner));
    return json(200, { key });
  });
  routes.delete('/:id', async ({ req }) => {
    if (!(await keys.remove(req.param('id')))) throw detailError(404, `Key ${req.param('id')} not found`);
    return json(200, { id: req.param('id') });
  });
  return routes;
}

function newKey(body: Readonly<Record<string, unknown>>, owner: string): NewKey {
  const { user = owner, scope = 'API', description = '' } = body;
  if (typeof user !== 'string' || !/^[\w.-]{1,64}$/.test(user)) {
    throw validationError(['body', 'user'], 'user must be 1 to 64 letters, digits, ".", "_" or "-"', 'value_error');
  }
  if (scope !== 'API' && scope !== 'ADMIN') {
    throw validationError(['body', 'scope'], 'scope must be "API" or "ADMIN"', 'value_error');
  }
  if (typeof description !== 'string' || description.length > 200) {
    throw validationError(
      ['body', 'description'],
      'description must be a text of at most 200 characters',
      'value_error',
    );
  }
  return { user, scope, description };
}
