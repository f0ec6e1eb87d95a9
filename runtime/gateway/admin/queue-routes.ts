/** The queue of an app: how long it is, what became of its requests, and emptying it. */
import { Hono } from 'hono';
import type { RequestHead } from '../../domain/request';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, unknownRequest } from '../errors';
import { APP, knownApp, LARGEST_PAGE, pageSize } from './parameters';

export function queueRoutes(dependencies: GatewayDependencies): Hono {
  const { requests, queue, clock } = dependencies;
  const routes = new Hono();
  routes.get(`${APP}/requests`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    return json(200, { requests: await requests.list(id, pageSize(context), context.req.query('before')) });
  });
  routes.get(`${APP}/dead-letters`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    return json(200, { requests: await deadLetters(dependencies, id, pageSize(context), context.req.query('before')) });
  });
  routes.get(`${APP}/queue`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    const backlog = await requests.backlog(id, clock.now());
    if (context.req.query('by_user') !== 'true') return json(200, backlog);
    return json(200, { ...backlog, byUser: await waitingByUser(dependencies, id) });
  });
  routes.delete(`${APP}/queue`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    return json(200, { cancelled: await flush(dependencies, id, context.req.query('caller_user_id')) });
  });
  routes.post('/requests/:id/redrive', async (context) => {
    const head = await requests.get(context.req.param('id'));
    if (head === undefined) throw unknownRequest();
    if (!(await queue.redrive(head.id))) throw detailError(409, `Request ${head.id} is no dead letter`);
    return json(200, { status: 'IN_QUEUE', request_id: head.id });
  });
  return routes;
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

async function waitingByUser(
  dependencies: GatewayDependencies,
  app: string,
): Promise<Readonly<Record<string, number>>> {
  const counts = new Map<string, number>();
  for await (const { caller } of waiting(dependencies, app)) counts.set(caller, (counts.get(caller) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Cancels everything that waits, or all of one user. Requests that are submitted meanwhile may be cancelled too. */
async function flush(dependencies: GatewayDependencies, app: string, user: string | undefined): Promise<number> {
  let cancelled = 0;
  for await (const { id, caller } of waiting(dependencies, app)) {
    if (user !== undefined && user !== caller) continue;
    if ((await dependencies.queue.cancel(id))?.changed) cancelled++;
  }
  return cancelled;
}

async function* waiting({ requests }: GatewayDependencies, app: string): AsyncGenerator<RequestHead> {
  for (let last: RequestHead | undefined; ;) {
    const page = await requests.waiting(app, LARGEST_PAGE, last);
    yield* page;
    last = page.at(-1);
    if (page.length < LARGEST_PAGE) return;
  }
}
