/** Secrets of the user: set, listed by name, removed. Values never leave by this API. */
import { Hono } from 'hono';
import { internalSecret, SECRET_NAME } from '../../domain/secret-name';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, validationError } from '../errors';
import { readJsonObject } from '../json-body';

/** Largest value, in bytes: that of AWS Secrets Manager. */
const LARGEST_VALUE = 65_536;

export function secretRoutes({ secrets }: GatewayDependencies): Hono {
  const routes = new Hono();
  routes.get('/', async () => {
    const names = (await secrets.names()).filter((name) => !internalSecret(name));
    return json(200, { secrets: names.map((name) => ({ name })) });
  });
  routes.put('/:name', async (context) => {
    const name = settable(context.req.param('name'));
    const { value } = await readJsonObject(context.req.raw);
    if (typeof value !== 'string' || Buffer.byteLength(value) > LARGEST_VALUE) {
      throw validationError(['body', 'value'], `value must be a text of at most ${LARGEST_VALUE} bytes`, 'value_error');
    }
    await secrets.set(name, value);
    return json(200, { name });
  });
  routes.delete('/:name', async (context) => {
    const name = settable(context.req.param('name'));
    if (!(await secrets.remove(name))) throw detailError(404, `Secret ${name} not found`);
    return json(200, { name });
  });
  return routes;
}

/** Names become variables of the environment, so they look like those. The platform's own secrets have other names. */
function settable(name: string): string {
  if (SECRET_NAME.test(name) && !internalSecret(name)) return name;
  const rule = 'letters, digits and "_", the first not a digit, at most 128';
  throw validationError(['path', 'name'], `${name} can't be the name of a secret: ${rule}`, 'value_error');
}
