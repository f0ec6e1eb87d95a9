/** From an HTTP request to a request in the queue: what `/queue`, `/run` and the root have in common. */
import { randomBytes } from 'node:crypto';
import type { AppRecord } from '../domain/app';
import type { RequestHead, RequestMode } from '../domain/request';
import { TaggedIds } from '../domain/tagged-id';
import type { RequestInput } from '../ports';
import { requireAccess } from './access';
import { ownerOf } from './app-directory';
import { TOKEN_PARAMETER, type Authentication, type Authenticator } from './authentication';
import { BriefCache } from './brief-cache';
import type { GatewayDependencies, TokenAuthority } from './dependencies';
import { closedApp } from './errors';
import { callerWishes, headersForApp, type CallerWishes } from './platform-headers';
import { readBody, requireJson } from './request-body';
import { requestUrl, withoutParameters } from './request-url';
import { retryPolicy } from './retry-policy';
import { preferredRunner } from './runner-hint';

export interface Target {
  readonly app: AppRecord;
  readonly path: string;
}

export interface SubmissionOptions {
  readonly mode: RequestMode;
  readonly webhookUrl?: string;
  /** The request asks for a WebSocket, not for an answer. */
  readonly webSocket?: boolean;
  /** Told the id when everything else is known, before any runner can claim the request; may throw. */
  readonly announce?: (id: string) => Promise<void>;
  /** Called between the checks and the reading of the body; may throw. */
  readonly beforeBody?: () => Promise<void>;
}

export class Submissions {
  /** Ids in order of submission are the order of the queue. */
  private readonly ids = new TaggedIds(randomBytes);
  private readonly cdnTokens: BriefCache<string>;

  constructor(
    private readonly dependencies: GatewayDependencies,
    private readonly authenticator: Authenticator,
    private readonly tokens: Pick<TokenAuthority, 'cdnToken'>,
  ) {
    this.cdnTokens = new BriefCache(dependencies.clock);
  }

  /** Throws a `GatewayError` for what can't be accepted. When it returns, the request is safe and the controller knows. */
  async submit(request: Request, { app, path }: Target, options: SubmissionOptions): Promise<RequestHead> {
    const authentication = await this.authenticator.authenticate(request);
    requireAccess(authentication.caller, app, path);
    if (app.closingSince !== undefined) throw closedApp(app.id);
    const wishes = callerWishes(request.headers);
    await options.beforeBody?.();
    const id = this.ids.next(app.id, this.dependencies.clock.now());
    const input = await this.input(request, { app, path }, { id, ...options }, authentication, wishes);
    await options.announce?.(id);
    const head = await this.store({ app, path }, { id, ...options }, authentication, wishes, input);
    this.dependencies.pokeForRequest(app);
    return head;
  }

  private async store(
    { app, path }: Target,
    { id, mode, webhookUrl }: Identified,
    { caller }: Authentication,
    wishes: CallerWishes,
    input: RequestInput,
  ): Promise<RequestHead> {
    const { queue, clock, runners } = this.dependencies;
    const submittedAt = clock.now();
    const { hint, startTimeoutMs, priority, discardPayload } = wishes;
    const preferred = hint === undefined ? undefined : await preferredRunner(runners, app, hint, submittedAt);
    const user = caller?.user ?? '';
    return queue.submit(
      {
        id,
        app: app.id,
        path,
        mode,
        caller: user,
        priority,
        submittedAt,
        retry: retryPolicy(app.spec, wishes, user === ownerOf(app.id)),
        ...(webhookUrl === undefined ? {} : { webhookUrl }),
        ...(startTimeoutMs === undefined ? {} : { startDeadline: submittedAt + startTimeoutMs }),
        ...(hint === undefined ? {} : { hint }),
        ...(preferred === undefined ? {} : { preferred }),
        ...(discardPayload ? { discardPayload } : {}),
      },
      input,
    );
  }

  private async input(
    request: Request,
    { app, path }: Target,
    { id, mode, webSocket = false }: Identified,
    { caller, forwarded }: Authentication,
    wishes: CallerWishes,
  ): Promise<RequestInput> {
    const { blobs, settings } = this.dependencies;
    const body = await readBody(request, { maxBytes: settings.maxBodyBytes, blobs, blobKey: `requests/${id}/input` });
    if (mode === 'queue') requireJson(request.headers.get('content-type'), body);
    const user = caller?.user ?? '';
    const cdnToken = await this.cdnTokens.get(user, () => this.tokens.cdnToken(user));
    const { 'accept-encoding': acceptEncoding, ...headers } = headersForApp(request.headers, {
      id,
      endpoint: path === '/' ? app.id : `${app.id}${path}`,
      user: user === '' ? ANONYMOUS : user,
      lifecyclePreference: wishes.lifecyclePreference,
      ...(cdnToken === undefined ? {} : { cdnToken }),
      ...(forwarded === undefined ? {} : { authorization: forwarded }),
    });
    return {
      method: request.method,
      target:
        path + withoutParameters(requestUrl(request).search, webSocket ? CONNECTION_PARAMETERS : PLATFORM_PARAMETERS),
      // Whoever reads a stored result later may not understand an encoding that the submitter accepted.
      headers: {
        ...headers,
        ...(mode === 'run' && acceptEncoding !== undefined ? { 'accept-encoding': acceptEncoding } : {}),
        ...(webSocket ? { upgrade: 'websocket' } : {}),
      },
      body,
    };
  }
}

type Identified = SubmissionOptions & { readonly id: string };

/** What `x-fal-caller-user-id` says for callers without a key: apps expect it never to be empty. */
const ANONYMOUS = 'anonymous';

const PLATFORM_PARAMETERS: ReadonlySet<string> = new Set([TOKEN_PARAMETER, 'fal_webhook', 'fal_max_queue_length']);

/** How many unread messages of a realtime connection are kept; the gateway's business. */
export const BUFFERING_PARAMETER = 'max_buffering';

const CONNECTION_PARAMETERS: ReadonlySet<string> = new Set([...PLATFORM_PARAMETERS, BUFFERING_PARAMETER]);
