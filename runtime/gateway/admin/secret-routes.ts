/** Secrets of the user: set, listed by name, removed. Values never leave by this API. */
import { Hono } from 'hono';
import { internalSecret, NOT_EXPOSED, SECRET_NAME } from '../../domain/secret-name';
import type { SecretStore } from '../../ports';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, validationError } from '../errors';
import { readJsonObject } from '../json-body';

/** Largest value, in bytes: that of AWS Secrets Manager. */
const LARGEST_VALUE = 65_536;

export function secretRoutes({ secrets }: GatewayDependencies): Hono {
  const routes = new Hono();
  routes.get('/', async () => {
    const names = (await secrets.names()).filter((name) => !internalSecret(name));
    const hidden = await notExposed(secrets);
    return json(200, {
      secrets: names.map((name) => ({ name, ...(hidden.includes(name) ? { default_exposed: false } : {}) })),
    });
  });
  routes.put('/:name', async (context) => {
    const name = settable(context.req.param('name'));
    const { value, default_exposed: exposed = true } = await readJsonObject(context.req.raw);
    if (typeof value !== 'string' || Buffer.byteLength(value) > LARGEST_VALUE) {
      throw validationError(['body', 'value'], `value must be a text of at most ${LARGEST_VALUE} bytes`, 'value_error');
    }
    if (typeof exposed !== 'boolean') {
      throw validationError(['body', 'default_exposed'], 'default_exposed must be true or false', 'value_error');
    }
    await expose(secrets, name, exposed);
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

async function notExposed(secrets: SecretStore): Promise<readonly string[]> {
  return JSON.parse((await secrets.get(NOT_EXPOSED)) ?? '[]') as readonly string[];
}

/** Before its value is set: an app that starts meanwhile gets it too rarely rather than too often. */
async function expose(secrets: SecretStore, name: string, exposed: boolean): Promise<void> {
  const hidden = await notExposed(secrets);
  if (hidden.includes(name) !== exposed) return;
  const next = exposed ? hidden.filter((other) => other !== name) : [...hidden, name];
  await secrets.set(NOT_EXPOSED, JSON.stringify(next));
}

/** Names become variables of the environment, so they look like those. The platform's own secrets have other names. */
function settable(name: string): string {
  if (SECRET_NAME.test(name) && !internalSecret(name)) return name;
  const rule = 'letters, digits and "_", the first not a digit, at most 128';
  throw validationError(['path', 'name'], `${name} can't be the name of a secret: ${rule}`, 'value_error');
}
