/** Runners: which there are, and sending them away. */
import { Hono } from 'hono';
import type { AppRecord } from '../../domain/app';
import { alive, askedToDrain, type RunnerRecord } from '../../domain/runner';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json } from '../errors';
import { APP, knownApp, wholeNumber } from './parameters';

export function runnerRoutes(dependencies: GatewayDependencies): Hono {
  const { runners, clock } = dependencies;
  const routes = new Hono();
  routes.get(`${APP}/runners`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    const since = wholeNumber(context, 'since') ?? clock.now() - RECENTLY_MS;
    return json(200, { runners: await runners.list(id, since) });
  });
  routes.get('/runners/:id', async ({ req }) => {
    const runner = await runners.get(req.param('id'));
    if (runner === undefined) throw detailError(404, `Runner ${req.param('id')} not found`);
    return json(200, { runner });
  });
  routes.post(`${APP}/rollout`, async (context) => {
    const app = await knownApp(context, dependencies);
    const force = context.req.query('force') === 'true';
    const current = (await runners.list(app.id)).filter(alive);
    for (const { id } of current) {
      await sendAway(dependencies, id, 'rolled out by hand', force ? 0 : longestWork(app));
    }
    return json(200, { runners: current.map(({ id }) => id) });
  });
  routes.post('/runners/:id/stop', async ({ req }) => {
    const app = await appOf(dependencies, req.param('id'));
    return json(200, await sendAway(dependencies, req.param('id'), 'stopped by hand', longestWork(app)));
  });
  routes.post('/runners/:id/kill', async ({ req }) => {
    await appOf(dependencies, req.param('id'));
    return json(200, await sendAway(dependencies, req.param('id'), 'killed by hand', 0));
  });
  return routes;
}

/** Runners that ended are listed this long. */
const RECENTLY_MS = 3_600_000;

/** A runner that is stopped may finish what it works on. */
function longestWork({ spec }: AppRecord): number {
  return spec.request_timeout * 1000;
}

async function appOf({ runners, apps }: GatewayDependencies, id: string): Promise<AppRecord> {
  const runner = await runners.get(id);
  const app = runner && (await apps.get(runner.app));
  if (app === undefined) throw detailError(404, `Runner ${id} not found`);
  return app;
}

/**
 * The runner claims nothing more and leaves within `graceMs`; the controller ends what is left of it then. It leaves the
 * READY set first, so that a record that says "gone" never stands beside a set that counts on it.
 */
async function sendAway(
  { runners, clock, poke }: GatewayDependencies,
  id: string,
  reason: string,
  graceMs: number,
): Promise<{ readonly runner_id: string; readonly state: string }> {
  for (;;) {
    const runner = await runners.get(id);
    if (runner === undefined || !alive(runner)) throw detailError(409, `Runner ${id} has already ended`);
    const next = askedToDrain(runner, reason, clock.now(), graceMs);
    if (next === undefined) return told(runner);
    await runners.leaveReady(next.app, next.revision, next.id);
    if (await runners.replace(next)) {
      poke(next.app);
      return told(next);
    }
  }
}

function told({ id, state }: RunnerRecord): { readonly runner_id: string; readonly state: string } {
  return { runner_id: id, state };
}
