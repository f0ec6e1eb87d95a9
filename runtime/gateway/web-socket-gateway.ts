/**
 * WebSockets of callers: `@fal.realtime` and raw WebSocket endpoints. A connection is a `run` request whose answer is the
 * connection itself: it waits its turn, takes a slot of a runner while it lasts, and ends with its runner. It is never
 * retried: the caller's session would have to begin anew, which only the caller can do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import type { Outcome, RequestHead } from '../domain/request';
import type { GatewayRelay, RefusedHandshake, WebSocketClose } from '../ports';
import { AppDirectory } from './app-directory';
import { Authenticator, TOKEN_PARAMETER } from './authentication';
import { UpgradedCaller, type Upgrade } from './caller-socket';
import type { GatewayDependencies } from './dependencies';
import { parseEndpoint } from './endpoint';
import { detailError, errorResponse, GatewayError, platformErrorWithStatus, unknownApp } from './errors';
import { rerouted } from './fal-hosts';
import { requestUrl } from './request-url';
import { RequestWatch } from './request-watch';
import { RESERVED } from './root-routes';
import { BUFFERING_PARAMETER, Submissions, type Target } from './submission';
import { SignedTokenAuthority } from './token-authority';

export interface WebSocketGatewayDependencies extends GatewayDependencies {
  readonly relay: GatewayRelay;
  /**
   * How long the handshake waits for the app, ms: so long it can be refused and a subprotocol be agreed on. Behind it the
   * caller is accepted and its messages kept, as clients give up on a handshake that takes as long as a cold start.
   * Default 5,000.
   */
  readonly handshakeMs?: number;
  /** How often callers are pinged, ms. Default 30,000: load balancers drop connections that are silent for 60 s. */
  readonly pingMs?: number;
}

const HANDSHAKE_MS = 5_000;
const PING_MS = 30_000;

/** A request is looked at this often even when no change is heard of. */
const RECHECK_MS = 10_000;

/** How long callers may take to answer the goodbye of a gateway that ends. */
const LAST_WORDS_MS = 5_000;

export class WebSocketGateway {
  private readonly directory: AppDirectory;
  private readonly submissions: Submissions;
  private readonly callers = new Map<UpgradedCaller, Promise<void>>();
  private draining = false;

  constructor(private readonly dependencies: WebSocketGatewayDependencies) {
    const authority = new SignedTokenAuthority(dependencies.secrets, dependencies.clock);
    this.directory = new AppDirectory(dependencies.apps, dependencies.clock);
    this.submissions = new Submissions(dependencies, new Authenticator(dependencies, authority), authority);
  }

  /** Takes a connection over, to its end. Never throws. */
  upgrade(upgrade: Upgrade): void {
    const request = webRequest(upgrade);
    const { pingMs = PING_MS } = this.dependencies;
    const caller = new UpgradedCaller(upgrade, { pingMs, ...buffering(request) });
    const served = this.serve(request, caller).finally(() => this.callers.delete(caller));
    this.callers.set(caller, served);
  }

  /** Takes no new connections. Those that are still open after `graceMs` are told to connect again. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    await this.settled(graceMs);
    for (const caller of this.callers.keys()) void caller.close(REPLACED);
    await this.settled(LAST_WORDS_MS);
    await this.close();
  }

  /** Breaks off the connections that are still open. */
  async close(): Promise<void> {
    for (const caller of this.callers.keys()) caller.destroy();
    await Promise.all(this.callers.values());
  }

  /** Resolves when no connection is open any more, or after `timeoutMs`. */
  private async settled(timeoutMs: number): Promise<void> {
    const over = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.callers.values()), timeout]);
    over.abort();
  }

  private async serve(request: Request | undefined, caller: UpgradedCaller): Promise<void> {
    const { relay } = this.dependencies;
    let id: string | undefined;
    try {
      if (this.draining) throw detailError(503, REPLACED.reason);
      if (request === undefined) throw new GatewayError(400, { detail: 'The request names no valid host or path' });
      const routed = rerouted(request) ?? request;
      const head = await this.submissions.submit(routed, await this.target(routed), {
        mode: 'run',
        webSocket: true,
        announce: async (announced) => {
          id = announced;
          caller.requestId = announced;
          await relay.offer(announced, caller);
        },
      });
      await this.attend(head, caller);
    } catch (error) {
      await this.turnAway(caller, request, error, id ?? uuid());
    } finally {
      if (id !== undefined) await relay.withdraw(id).catch(() => undefined);
    }
    await caller.closed;
  }

  private async target(request: Request): Promise<Target> {
    const { path } = requestUrl(request);
    if (path.startsWith('/run/')) {
      const endpoint = parseEndpoint(path.slice('/run'.length));
      const app = endpoint && (await this.directory.get(endpoint.app));
      if (endpoint === undefined || app === undefined) throw unknownApp(endpoint?.app ?? path.slice('/run/'.length));
      return { app, path: endpoint.path };
    }
    const app = RESERVED.test(path) ? undefined : await this.directory.onlyApp();
    if (app === undefined) throw detailError(404, `Path ${path} not found; connect under /run/<owner>/<app>`);
    return { app, path };
  }

  /** Until the connection has ended or its request has. What passes through the connection is the runner's business. */
  private async attend(head: RequestHead, caller: UpgradedCaller): Promise<void> {
    const { requests, clock, handshakeMs = HANDSHAKE_MS } = this.dependencies;
    const patience = caller.offersProtocols ? undefined : setTimeout(() => void caller.accept(), handshakeMs);
    const watch = new RequestWatch(requests, head.id, () => {
      const untilDeadline = (head.startDeadline ?? 0) - clock.now();
      return untilDeadline > 0 ? Math.min(untilDeadline, RECHECK_MS) : RECHECK_MS;
    });
    void caller.closed.then(() => {
      watch.stop();
    });
    try {
      const outcome = await this.outcome(head.id, watch);
      if (outcome === undefined) await this.giveUpWaiting(head.id);
      else if (caller.answered) await caller.close(closeOf(outcome));
      else await caller.refuse(await refusalBy(outcomeResponse(outcome, head.id)));
    } finally {
      watch.stop();
      clearTimeout(patience);
    }
  }

  /** How the request ended; `undefined` when the caller went first. */
  private async outcome(id: string, watch: RequestWatch): Promise<Outcome | undefined> {
    const { requests, queue } = this.dependencies;
    for (;;) {
      if (watch.stopped) return undefined;
      await queue.elapse(id);
      const head = await requests.get(id);
      if (head === undefined) throw new Error(`Request ${id} was removed while its caller was connected`);
      if (head.outcome !== undefined) return head.outcome;
      await watch.changed();
    }
  }

  /** A runner that has joined the caller sees for itself that it is gone. */
  private async giveUpWaiting(id: string): Promise<void> {
    const { requests, queue } = this.dependencies;
    if ((await requests.get(id))?.state === 'IN_QUEUE') await queue.cancel(id);
  }

  private async turnAway(
    caller: UpgradedCaller,
    request: Request | undefined,
    error: unknown,
    id: string,
  ): Promise<void> {
    if (request !== undefined && tokenRefused(request, error)) return askForToken(caller);
    const response = errorResponse(error, id, this.dependencies.log);
    response.headers.set('x-fal-request-id', id);
    await caller.refuse(await refusalBy(response));
  }
}

/** Ended in order: the app or the caller closed the connection. */
const SWITCHING_PROTOCOLS = 101;

/** Service Restart: who connects again finds another runner, or another gateway. */
const RESTART = 1012;
const REPLACED: WebSocketClose = { code: RESTART, reason: 'The gateway is being replaced: connect again' };
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

function closeOf({ status, errorType, error = '' }: Outcome): WebSocketClose {
  if (status === SWITCHING_PROTOCOLS) return { code: 1000, reason: '' };
  if (errorType === 'request_timeout') return { code: GOING_AWAY, reason: error };
  return { code: errorType?.startsWith('runner_') ? RESTART : INTERNAL_ERROR, reason: error };
}

function outcomeResponse({ status, errorType, error, timeoutType }: Outcome, id: string): Response {
  const headers = {
    'x-fal-request-id': id,
    ...(timeoutType === undefined ? {} : { 'x-fal-request-timeout-type': timeoutType }),
  };
  const type = errorType ?? 'internal_error';
  return platformErrorWithStatus(
    status < 400 ? 500 : status,
    type,
    error ?? 'The connection ended',
    headers,
  ).response();
}

async function refusalBy(response: Response): Promise<RefusedHandshake> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

/** A page can't see the status of a refused handshake, so fal tells it in a message of the connection. */
function tokenRefused(request: Request, error: unknown): boolean {
  const byToken = new URLSearchParams(requestUrl(request).search).has(TOKEN_PARAMETER);
  return byToken && error instanceof GatewayError && error.status === 401;
}

/** fal's JavaScript client drops its token at this message and connects again with a new one. */
async function askForToken(caller: UpgradedCaller): Promise<void> {
  await caller.accept();
  await caller.send(JSON.stringify({ status: 'error', error: 'Unauthorized' }));
  await caller.close({ code: 1000, reason: 'Unauthorized' });
}

/** The request as the gateway's other routes know requests; `undefined` when it makes no URL. */
function webRequest({ request: { headers, rawHeaders, url = '/' }, socket }: Upgrade): Request | undefined {
  try {
    const scheme = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
    const pairs = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : []));
    return new Request(`${scheme}://${headers.host ?? ''}${url}`, { headers: pairs as [string, string][] });
  } catch {
    return undefined;
  }
}

/** fal's clients may ask that only their newest messages be kept, 1 to 60. */
function buffering(request: Request | undefined): { readonly newest?: number } {
  const given = request && new URLSearchParams(requestUrl(request).search).get(BUFFERING_PARAMETER);
  const newest = Number(given ?? NaN);
  return Number.isInteger(newest) && newest >= 1 && newest <= 60 ? { newest } : {};
}
