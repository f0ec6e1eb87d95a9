/** Apps: their settings and revisions, what was decided for them, and removing them. */
import { Hono } from 'hono';
import { AppChanges } from '../../apps/app-changes';
import type { AppRecord, Revision } from '../../domain/app';
import { alive } from '../../domain/runner';
import { SCALE_FIELDS, type ScaleChanges } from '../../domain/scale-overrides';
import { UserError } from '../../domain/user-error';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, validationError } from '../errors';
import { readJsonObject } from '../json-body';
import { APP, knownApp, pageSize } from './parameters';

export function appRoutes(dependencies: GatewayDependencies): Hono {
  const { apps, clock, poke } = dependencies;
  const changes = new AppChanges(apps, clock);
  const routes = new Hono();
  routes.get('/apps', async () => json(200, { apps: await apps.list() }));
  routes.get(`${APP}/decisions`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    return json(200, { decisions: await apps.decisions(id, pageSize(context)) });
  });
  routes.patch(`${APP}/scale`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    const wanted = scaleChanges(await readJsonObject(context.req.raw));
    const app = await refusedAs422(() => changes.scale(id, wanted));
    poke(id);
    return json(200, { app });
  });
  routes.get(`${APP}/revisions`, async (context) => {
    const app = await knownApp(context, dependencies);
    return json(200, { current: app.revision, revisions: [revisionOf(app), ...(app.earlier ?? [])] });
  });
  routes.put(`${APP}/revision`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    const { revision } = await readJsonObject(context.req.raw);
    if (revision !== undefined && typeof revision !== 'string') {
      throw validationError(['body', 'revision'], 'revision must be the id of an earlier revision', 'value_error');
    }
    const app = await refusedAs422(() => changes.rollBack(id, revision));
    poke(id);
    return json(200, { app });
  });
  routes.delete(`${APP}/revisions/:revision`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    const app = await refusedAs422(() => changes.forgetRevision(id, context.req.param('revision')));
    return json(200, { app });
  });
  routes.post(`${APP}/removal`, async (context) =>
    json(200, await remove(dependencies, changes, await knownApp(context, dependencies))),
  );
  return routes;
}

/** Settings to change by fal's names; `null` resets one to what is deployed. Their values are checked with the whole spec. */
function scaleChanges(body: Readonly<Record<string, unknown>>): ScaleChanges {
  const known: readonly string[] = SCALE_FIELDS;
  const unknown = Object.keys(body).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw validationError(['body', unknown], `${unknown} is none of ${SCALE_FIELDS.join(', ')}`, 'value_error');
  }
  return Object.fromEntries(Object.entries(body).map(([field, value]) => [field, value ?? undefined]));
}

function revisionOf({ revision, spec, deployedAt, deployment, readyAt, failure }: AppRecord): Revision {
  return {
    ...{ revision, spec, deployedAt },
    ...(deployment === undefined ? {} : { deployment }),
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/**
 * Closes the app: from then on it takes no request, and its runners leave. Asked again when they are gone, it forgets the
 * app. What a stack of CloudFormation has made must be removed with it: the stack would not know.
 */
async function remove(
  { apps, runners, poke }: GatewayDependencies,
  changes: AppChanges,
  { id, revision, deployment }: AppRecord,
): Promise<{ readonly app: string; readonly revision: string; readonly status: 'closing' | 'deleted' }> {
  if (deployment !== undefined) {
    throw detailError(409, `${id} belongs to a CloudFormation stack: remove it there, by \`sgpu delete\` or \`cdk\``);
  }
  await changes.close(id);
  poke(id);
  if ((await runners.list(id)).some(alive)) return { app: id, revision, status: 'closing' };
  await apps.remove(id);
  return { app: id, revision, status: 'deleted' };
}

async function refusedAs422<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof UserError) throw detailError(422, error.message);
    throw error;
  }
}
