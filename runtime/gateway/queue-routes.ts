/** `/queue`: fal's queue API. */
import { Hono, type Context } from 'hono';
import type { RequestHead } from '../domain/request';
import { storedAnswer } from './answer';
import type { AppDirectory } from './app-directory';
import type { Authenticator } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { parseQueueRoute, type Endpoint, type RequestOperation } from './endpoint';
import { detailError, GatewayError, json, methodNotAllowed, platformError, unknownApp } from './errors';
import { LOG_WINDOW, readLogs } from './request-logs';
import { RequestReader } from './request-reader';
import { requestUrl } from './request-url';
import { serviceUrl } from './service-hosts';
import { requestUrls, statusBody, statusCode } from './status';
import { statusStream } from './status-stream';
import type { Submissions } from './submission';

export interface QueueRoutesParts {
  readonly dependencies: GatewayDependencies;
  readonly directory: AppDirectory;
  readonly authenticator: Authenticator;
  readonly submissions: Submissions;
}

/** Routes on the path as a whole, as app ids and endpoint paths have any number of segments. */
export function queueRoutes(parts: QueueRoutesParts): Hono {
  const api = new QueueApi(parts);
  const routes = new Hono();
  routes.all('/*', (context) => api.handle(context));
  return routes;
}

/** The method of each operation; HEAD goes wherever GET does. */
const METHODS: Readonly<Record<RequestOperation, string>> = {
  status: 'GET',
  'status/stream': 'GET',
  result: 'GET',
  cancel: 'PUT',
};

class QueueApi {
  private readonly reader: RequestReader;

  constructor(private readonly parts: QueueRoutesParts) {
    this.reader = new RequestReader(parts.dependencies);
  }

  async handle({ req: { raw: request } }: Context): Promise<Response> {
    const { path, search } = requestUrl(request);
    const route = parseQueueRoute(path.slice('/queue'.length));
    if (route === undefined) throw unknownApp(path.slice('/queue/'.length));
    if (route.operation === 'submit') return this.submit(request, route.endpoint, new URLSearchParams(search));
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== METHODS[route.operation]) throw methodNotAllowed(METHODS[route.operation]);
    const { caller } = await this.parts.authenticator.authenticate(request);
    const head = await this.reader.read(route.id, caller);
    if (route.operation === 'cancel') return this.cancel(head.id);
    if (route.operation === 'result') return this.result(head);
    const logs = wantsLogs(new URLSearchParams(search));
    return route.operation === 'status' ? this.status(request, head, logs) : this.stream(request, head, logs);
  }

  private async submit(request: Request, { app: id, path }: Endpoint, query: URLSearchParams): Promise<Response> {
    if (request.method !== 'POST') throw methodNotAllowed('POST');
    const { dependencies, directory, submissions } = this.parts;
    const app = await directory.get(id);
    if (app === undefined) throw unknownApp(id);
    const webhookUrl = webhook(query.get('fal_webhook'));
    const longest = maxQueueLength(query.get('fal_max_queue_length'));
    const head = await submissions.submit(
      request,
      { app, path },
      {
        mode: 'queue',
        ...(webhookUrl === undefined ? {} : { webhookUrl }),
        ...(longest === undefined ? {} : { beforeBody: () => this.requireRoom(id, longest) }),
      },
    );
    const position = await dependencies.requests.position(head);
    return json(200, statusBody(head, this.urls(request, head), position, null), { 'x-fal-request-id': head.id });
  }

  private async requireRoom(app: string, longest: number): Promise<void> {
    const { requests, clock } = this.parts.dependencies;
    const { waiting } = await requests.backlog(app, clock.now());
    if (waiting > longest) {
      throw detailError(429, `${waiting} requests wait already, more than the ${longest} of fal_max_queue_length`);
    }
  }

  private async status(request: Request, head: RequestHead, logs: boolean): Promise<Response> {
    const { requests } = this.parts.dependencies;
    const waiting = head.state === 'IN_QUEUE';
    const position = waiting ? await requests.position(head) : 0;
    const entries = logs && !waiting ? (await readLogs(requests, head.id, LOG_WINDOW)).entries : null;
    const body = statusBody(head, this.urls(request, head), position, entries);
    return json(statusCode(head), body, { 'x-fal-request-id': head.id });
  }

  private stream(request: Request, head: RequestHead, logs: boolean): Response {
    const urls = this.urls(request, head);
    return statusStream(this.parts.dependencies, head.id, urls, logs, request.headers.get('last-event-id'));
  }

  private async result(head: RequestHead): Promise<Response> {
    if (head.state === 'COMPLETED') return storedAnswer(this.parts.dependencies, head);
    throw new GatewayError(400, { detail: 'Request is still in progress' }, { 'x-fal-request-id': head.id });
  }

  private async cancel(id: string): Promise<Response> {
    const cancelled = await this.parts.dependencies.queue.cancel(id);
    const headers = { 'x-fal-request-id': id };
    // A request that was asked to stop before and still runs is as good as asked again.
    if (cancelled?.changed || cancelled?.head.state === 'IN_PROGRESS') {
      return json(202, { status: 'CANCELLATION_REQUESTED' }, headers);
    }
    return json(400, { status: 'ALREADY_COMPLETED' }, headers);
  }

  private urls(request: Request, head: RequestHead): ReturnType<typeof requestUrls> {
    return requestUrls(serviceUrl(request, 'queue', this.parts.dependencies.settings), head);
  }
}

/** fal's clients say `1`/`0` or `true`/`false`. */
function wantsLogs(query: URLSearchParams): boolean {
  return /^(?:1|true|yes)$/i.test(query.get('logs') ?? '');
}

function webhook(url: string | null): string | undefined {
  if (url === null || url === '') return undefined;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw platformError('bad_request', `fal_webhook must be an http or https URL, not "${url}"`);
}

function maxQueueLength(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw platformError('bad_request', `fal_max_queue_length must be a whole number, not "${text}"`);
}
