/** `/rest/admin`: what whoever runs the platform sees and does, for the command line and dashboards. Needs an ADMIN key. */
import { Hono, type Context } from 'hono';
import type { RequestHead } from '../domain/request';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { detailError, json, unknownApp, unknownRequest, validationError } from './errors';
import { readJsonObject } from './json-body';
import { createKey, type NewKey } from './keys';

/** App ids have slashes. */
const APP = '/apps/:app{.+}';

export function adminRoutes(dependencies: GatewayDependencies, authenticator: Authenticator): Hono {
  const { apps, runners, requests, queue, clock } = dependencies;
  const routes = new Hono();
  routes.use(async ({ req: { raw: request } }, next) => {
    const { scope } = await authenticator.requireCaller(request);
    if (scope !== 'ADMIN') throw detailError(403, 'This needs a key of scope ADMIN');
    await next();
  });
  routes.get('/apps', async () => json(200, { apps: await apps.list() }));
  routes.get(`${APP}/runners`, async (context) => {
    const since = clock.now() - RECENTLY_MS;
    return json(200, { runners: await runners.list(await knownApp(context, dependencies), since) });
  });
  routes.get(`${APP}/decisions`, async (context) => {
    const app = await knownApp(context, dependencies);
    return json(200, { decisions: await apps.decisions(app, pageSize(context)) });
  });
  routes.get(`${APP}/requests`, async (context) => {
    const app = await knownApp(context, dependencies);
    return json(200, { requests: await requests.list(app, pageSize(context), context.req.query('before')) });
  });
  routes.get(`${APP}/dead-letters`, async (context) => {
    const app = await knownApp(context, dependencies);
    return json(200, {
      requests: await deadLetters(dependencies, app, pageSize(context), context.req.query('before')),
    });
  });
  routes.get(`${APP}/queue`, async (context) => {
    return json(200, await requests.backlog(await knownApp(context, dependencies), clock.now()));
  });
  routes.delete(`${APP}/queue`, async (context) => {
    return json(200, { cancelled: await flush(dependencies, await knownApp(context, dependencies)) });
  });
  routes.post('/requests/:id/redrive', async (context) => {
    const head = await requests.get(context.req.param('id'));
    if (head === undefined) throw unknownRequest();
    if (!(await queue.redrive(head.id))) throw detailError(409, `Request ${head.id} is no dead letter`);
    return json(200, { status: 'IN_QUEUE', request_id: head.id });
  });
  routes.route('/keys', keyRoutes(dependencies));
  return routes;
}

function keyRoutes(dependencies: GatewayDependencies): Hono {
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

/** Runners that ended are listed this long. */
const RECENTLY_MS = 3_600_000;

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 1_000;

function pageSize({ req }: Context): number {
  const text = req.query('limit') ?? String(DEFAULT_PAGE);
  if (/^[1-9]\d*$/.test(text)) return Math.min(Number(text), LARGEST_PAGE);
  throw validationError(['query', 'limit'], `limit must be a number from 1 to ${LARGEST_PAGE}`, 'value_error');
}

async function knownApp({ req }: Context, { apps }: GatewayDependencies): Promise<string> {
  const id = req.param('app') ?? '';
  if ((await apps.get(id)) === undefined) throw unknownApp(id);
  return id;
}

/** Dead letters are few among many requests, so a page is looked for in several pages of all. */
async function deadLetters(
  { requests }: GatewayDependencies,
  app: string,
  limit: number,
  before: string | undefined,
): Promise<readonly RequestHead[]> {
  const found: RequestHead[] = [];
  for (let last = before; found.length < limit;) {
    const page = await requests.list(app, LARGEST_PAGE, last);
    found.push(...page.filter((head) => head.outcome?.deadLetter));
    if (page.length < LARGEST_PAGE) break;
    last = page.at(-1)?.id;
  }
  return found.slice(0, limit);
}

/** Cancels everything that waits. Requests that are submitted meanwhile may be cancelled too. */
async function flush({ requests, queue }: GatewayDependencies, app: string): Promise<number> {
  let cancelled = 0;
  for (;;) {
    const waiting = await requests.waiting(app, LARGEST_PAGE);
    if (waiting.length === 0) return cancelled;
    for (const { id } of waiting) if ((await queue.cancel(id))?.changed) cancelled++;
  }
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
