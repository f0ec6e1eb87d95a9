/** What apps printed: of late, and for one request. */
import { Hono, type Context } from 'hono';
import type { AppLogLine, AppLogQuery, EventCursor } from '../../ports';
import type { GatewayDependencies } from '../dependencies';
import { detailError, json, unknownRequest } from '../errors';
import { APP, knownApp, LARGEST_PAGE, pageSize, wholeNumber } from './parameters';

export function logRoutes(dependencies: GatewayDependencies): Hono {
  const { logs } = dependencies;
  const routes = new Hono();
  routes.get(`${APP}/logs`, async (context) => {
    const { id } = await knownApp(context, dependencies);
    if (logs === undefined) throw detailError(501, NOT_KEPT);
    return json(200, { lines: await logs.read(id, query(context)) });
  });
  routes.get('/requests/:id/logs', async ({ req }) =>
    json(200, { lines: await ofRequest(dependencies, req.param('id')) }),
  );
  return routes;
}

const NOT_KEPT =
  'This platform keeps the logs of its apps in CloudWatch: name it by --platform, with AWS credentials that may read them';

function query(context: Context): AppLogQuery {
  const { after, search, request, runner } = context.req.query();
  const since = wholeNumber(context, 'since');
  const until = wholeNumber(context, 'until');
  return {
    limit: pageSize(context),
    ...(after === undefined ? {} : { after }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(search === undefined ? {} : { search }),
    ...(request === undefined ? {} : { request }),
    ...(runner === undefined ? {} : { runner }),
  };
}

/** The event log of a request has what its app printed for it, on every platform. */
async function ofRequest({ requests }: GatewayDependencies, id: string): Promise<readonly AppLogLine[]> {
  const head = await requests.get(id);
  if (head === undefined) throw unknownRequest();
  const lines: AppLogLine[] = [];
  for (let last: EventCursor | undefined; ;) {
    const page = await requests.events(id, last, LARGEST_PAGE);
    for (const event of page) {
      if (event.kind !== 'log') continue;
      const { at, level, message, attempt, number } = event;
      lines.push({ id: `${attempt}-${number}`, at, runner: head.lease?.runner ?? '', level, message, request: id });
    }
    last = page.at(-1);
    if (page.length < LARGEST_PAGE) return lines;
  }
}
