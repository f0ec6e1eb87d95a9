/**
 * The life of one request: `IN_QUEUE → IN_PROGRESS → COMPLETED`.
 *
 * Every function here takes a head and returns the next one, or `undefined` when the move is not allowed. States only
 * go forward; the one way back is a retry, which raises the attempt. A caller stores the result with one conditional
 * write (`RequestStore.replace`), so a move that lost a race is never stored.
 */
import { retriesLeft, retryDelay, type RetryCondition, type RetryPolicy } from './retry';

/** fal's wire names; success, error and cancelled all end as `COMPLETED`. */
export type RequestState = 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED';

/** All waiting `normal` requests of an app go before any `low` one. */
export type Priority = 'normal' | 'low';

/** `queue` is fal's queue API: retried, kept for later reading. `run` answers one waiting caller and is never retried. */
export type RequestMode = 'queue' | 'run';

/** Who may write to a request in progress: the runner that leased it, in the attempt it leased. */
export interface Fence {
  readonly runner: string;
  readonly attempt: number;
}

/** The hold a runner has on a request; it must be renewed by heartbeats before `expiresAt` (ms since the epoch). */
export interface Lease {
  readonly runner: string;
  readonly expiresAt: number;
}

/** How a request ended. Exactly one is ever stored for a request. */
export interface Outcome {
  /** The HTTP status that a caller asking for the result gets. */
  readonly status: number;
  /** fal's `error_type`, where the platform (not the app) ended the request. */
  readonly errorType?: string;
  /** `X-Fal-Request-Timeout-Type` of a timeout that the caller asked for. */
  readonly timeoutType?: 'user';
  /** The failure in words, shown as `error` in the status body; absent on success. */
  readonly error?: string;
  readonly cancelled?: boolean;
  /** All attempts were used up: the request waits in the dead-letter list for a person. */
  readonly deadLetter?: boolean;
  /** Seconds the last attempt spent in the app. */
  readonly inferenceTime?: number;
}

/** Delivery of the `fal_webhook` of a request. */
export interface Webhook {
  readonly url: string;
  readonly state: 'waiting' | 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  /** When the next delivery is due, ms since the epoch; only while `pending`. */
  readonly nextAt?: number;
  /** Why the last delivery failed. */
  readonly lastError?: string;
}

/**
 * The small record of a request (at most about 1 KB): everything that decides what happens next. Bodies, headers and
 * events are stored beside it.
 */
export interface RequestHead {
  /** A UUIDv7: ids sort by time of submission, which makes (priority, id) the order of the queue. */
  readonly id: string;
  /** `owner/alias` of the app. */
  readonly app: string;
  /** The endpoint path called, as the app sees it (`/`, `/predict`). */
  readonly path: string;
  readonly mode: RequestMode;
  /** The user whose key submitted the request; empty for callers without a key. */
  readonly caller: string;
  readonly state: RequestState;
  readonly priority: Priority;
  readonly submittedAt: number;
  /** Raised by every claim; together with the runner it fences all writes. 0 before the first claim. */
  readonly attempt: number;
  /** Attempts that were given back unused (a draining runner, a neighbour's timeout): not counted against the limit. */
  readonly refunds: number;
  readonly retry: RetryPolicy;
  /** Retries spent so far, by condition. */
  readonly retries: Readonly<Partial<Record<RetryCondition, number>>>;
  /** Not to be claimed before this time: the back-off of a retry. */
  readonly notBefore?: number;
  /** Processing must have begun by then, or the request ends with 504. */
  readonly startDeadline?: number;
  /** The `X-Fal-Runner-Hint` of the caller. */
  readonly hint?: string;
  /** Until `until`, only this runner may claim the request: it served or advertised the hint and had a free slot. */
  readonly preferred?: { readonly runner: string; readonly until: number };
  readonly lease?: Lease;
  readonly startedAt?: number;
  readonly completedAt?: number;
  readonly cancelRequested?: boolean;
  readonly outcome?: Outcome;
  readonly webhook?: Webhook;
  /** `X-Fal-Store-IO: 0` was sent: the input goes when the request ends, the result after an hour. */
  readonly discardPayload?: boolean;
  /** When the record may be forgotten, ms since the epoch; only once completed. */
  readonly expiresAt?: number;
  /** Raised by every stored change; the condition of the next write. */
  readonly version: number;
}

/** Attempts a request may use in total, whatever its retry settings (fal's ceiling). */
export const MAX_ATTEMPTS = 10;

/** What a submission decides; everything else has its start value. */
export type NewRequest = Pick<
  RequestHead,
  'id' | 'app' | 'path' | 'mode' | 'caller' | 'priority' | 'submittedAt' | 'retry'
> &
  Partial<Pick<RequestHead, 'startDeadline' | 'hint' | 'preferred' | 'discardPayload'>> & {
    readonly webhookUrl?: string;
  };

/** The head of a request that was just accepted. */
export function submitted({ webhookUrl, ...request }: NewRequest): RequestHead {
  return {
    ...request,
    state: 'IN_QUEUE',
    attempt: 0,
    refunds: 0,
    retries: {},
    ...(webhookUrl === undefined ? {} : { webhook: { url: webhookUrl, state: 'waiting', attempts: 0 } }),
    version: 1,
  };
}

/** True when `runner` may claim the request now. */
export function claimable(head: RequestHead, runner: string, now: number): boolean {
  return (
    head.state === 'IN_QUEUE' &&
    (head.notBefore ?? 0) <= now &&
    !startDeadlinePassed(head, now) &&
    (head.preferred === undefined || head.preferred.runner === runner || head.preferred.until <= now)
  );
}

/** A runner takes the request off the queue. */
export function claim(head: RequestHead, runner: string, now: number, leaseMs: number): RequestHead | undefined {
  if (!claimable(head, runner, now)) return undefined;
  const { notBefore: _waited, preferred: _reserved, ...rest } = head;
  return next(rest, {
    state: 'IN_PROGRESS',
    attempt: head.attempt + 1,
    startedAt: now,
    lease: { runner, expiresAt: now + leaseMs },
  });
}

/** True while this runner, in this attempt, holds the request. */
export function holds(head: RequestHead, fence: Fence): boolean {
  return head.state === 'IN_PROGRESS' && head.attempt === fence.attempt && head.lease?.runner === fence.runner;
}

/** The runner says it is still working. An expired lease that nobody took away yet is renewed too. */
export function heartbeat(head: RequestHead, fence: Fence, now: number, leaseMs: number): RequestHead | undefined {
  if (!holds(head, fence)) return undefined;
  return next(head, { lease: { runner: fence.runner, expiresAt: now + leaseMs } });
}

/** The app answered: the request is over, its webhook due. */
export function complete(head: RequestHead, fence: Fence, outcome: Outcome, now: number): RequestHead | undefined {
  return holds(head, fence) ? ended(head, outcome, now) : undefined;
}

/**
 * The attempt failed in a way that fal retries: back to the queue after a back-off, or over when no retry is left.
 * `run` requests and cancelled ones are never retried. A head that ends for want of attempts is a dead letter. `forced`:
 * the app asked for the retry itself, which beats the policy but not the limit of attempts.
 */
export function retry(
  head: RequestHead,
  fence: Fence,
  condition: RetryCondition,
  outcome: Outcome,
  now: number,
  forced = false,
): RequestHead | undefined {
  if (!holds(head, fence)) return undefined;
  if (head.mode === 'run' || head.cancelRequested) return ended(head, outcome, now);
  const charged = head.attempt - head.refunds;
  const spent = head.retries[condition] ?? 0;
  if (charged >= MAX_ATTEMPTS) return ended(head, { ...outcome, deadLetter: true }, now);
  if (!forced && !retriesLeft(head.retry, condition, spent)) return ended(head, outcome, now);
  return requeued(head, {
    retries: { ...head.retries, [condition]: spent + 1 },
    notBefore: now + retryDelay(charged),
  });
}

/** A runner gives the request back untouched, without an attempt charged. A cancelled one ends instead. */
export function handBack(head: RequestHead, fence: Fence, now: number): RequestHead | undefined {
  if (!holds(head, fence)) return undefined;
  if (head.cancelRequested) return ended(head, CANCELLED, now);
  return requeued(head, { refunds: head.refunds + 1 });
}

/** A caller cancels: a waiting request ends, a running one is flagged for its runner. Nothing changes once it is over. */
export function cancel(head: RequestHead, now: number): RequestHead | undefined {
  if (head.state === 'COMPLETED' || head.cancelRequested) return undefined;
  if (head.state === 'IN_QUEUE') return ended({ ...head, cancelRequested: true }, CANCELLED, now);
  return next(head, { cancelRequested: true });
}

/** The platform ends a waiting request that nobody will serve: no runner can start, or its caller is gone. */
export function giveUp(head: RequestHead, outcome: Outcome, now: number): RequestHead | undefined {
  return head.state === 'IN_QUEUE' ? ended(head, outcome, now) : undefined;
}

/** A person sends a dead letter round again, with fresh attempts. */
export function redrive(head: RequestHead): RequestHead | undefined {
  if (head.state !== 'COMPLETED' || !head.outcome?.deadLetter) return undefined;
  const { outcome: _old, completedAt: _at, expiresAt: _expiry, startDeadline: _passed, ...rest } = head;
  return next(rest, { state: 'IN_QUEUE', refunds: head.attempt, retries: {} });
}

/** What time alone does to a head: an expired lease is a lost runner, a passed start deadline ends the wait. */
export function elapsed(head: RequestHead, now: number): RequestHead | undefined {
  if (startDeadlinePassed(head, now)) return ended(head, START_DEADLINE_PASSED, now);
  return (head.lease?.expiresAt ?? Infinity) > now ? undefined : abandoned(head, now);
}

/** The holder of the lease is gone for certain, whatever time the lease has left. */
export function abandoned(head: RequestHead, now: number): RequestHead | undefined {
  if (head.lease === undefined) return undefined;
  const fence = { runner: head.lease.runner, attempt: head.attempt };
  return retry(head, fence, 'connection_error', RUNNER_LOST, now);
}

/** When time alone will next change this head (`elapsed`), ms since the epoch; the key of `RequestStore.due`. */
export function dueAt(head: RequestHead): number | undefined {
  if (head.state === 'IN_QUEUE') return head.startDeadline;
  return head.state === 'IN_PROGRESS' ? head.lease?.expiresAt : undefined;
}

/** When the webhook of this head is to be sent next; the key of `RequestStore.webhooksDue`. */
export function webhookDueAt(head: RequestHead): number | undefined {
  return head.state === 'COMPLETED' && head.webhook?.state === 'pending' ? head.webhook.nextAt : undefined;
}

/** The result of a delivery of the webhook; `retryAt` absent and not delivered means that it is given up. */
export function webhookAttempted(
  head: RequestHead,
  result: { readonly delivered: boolean; readonly retryAt?: number; readonly error?: string },
): RequestHead | undefined {
  if (head.state !== 'COMPLETED' || head.webhook?.state !== 'pending') return undefined;
  const { nextAt: _due, lastError: _old, ...webhook } = head.webhook;
  const state = result.delivered ? 'delivered' : result.retryAt === undefined ? 'failed' : 'pending';
  return next(head, {
    webhook: {
      ...webhook,
      state,
      attempts: webhook.attempts + 1,
      ...(state === 'pending' ? { nextAt: result.retryAt } : {}),
      ...(result.error === undefined ? {} : { lastError: result.error }),
    },
  });
}

/** Compares by place in the queue: normal before low, then by time of submission. */
export function queueOrder(a: Pick<RequestHead, 'priority' | 'id'>, b: Pick<RequestHead, 'priority' | 'id'>): number {
  if (a.priority !== b.priority) return a.priority === 'normal' ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export const CANCELLED: Outcome = {
  status: 499,
  errorType: 'client_cancelled',
  error: 'Request was cancelled',
  cancelled: true,
};

/** fal answers a passed start deadline with 504 and `X-Fal-Request-Timeout-Type: user`. */
export const START_DEADLINE_PASSED: Outcome = {
  status: 504,
  errorType: 'request_timeout',
  timeoutType: 'user',
  error: 'Request timed out before a runner started it',
};

export const RUNNER_LOST: Outcome = {
  status: 503,
  errorType: 'runner_disconnected',
  error: 'The runner was lost before it answered',
};

/** The caller of a `run` request is gone, and nobody else can read its answer. */
export const CLIENT_GONE: Outcome = {
  status: 499,
  errorType: 'client_disconnected',
  error: 'The platform was restarted while the caller waited',
  cancelled: true,
};

function startDeadlinePassed(head: RequestHead, now: number): boolean {
  return head.state === 'IN_QUEUE' && head.startDeadline !== undefined && head.startDeadline <= now;
}

/** How long a finished request can be read: fal keeps payloads for 30 days, and an hour when told not to store them. */
const RETENTION_MS = 30 * 24 * 3_600_000;
const DISCARDED_RETENTION_MS = 3_600_000;

function ended(head: RequestHead, outcome: Outcome, now: number): RequestHead {
  const { lease: _released, notBefore: _waited, preferred: _reserved, ...rest } = head;
  return next(rest, {
    state: 'COMPLETED',
    outcome,
    completedAt: now,
    expiresAt: now + (head.discardPayload ? DISCARDED_RETENTION_MS : RETENTION_MS),
    ...(head.webhook === undefined
      ? {}
      : { webhook: { url: head.webhook.url, state: 'pending', attempts: 0, nextAt: now } }),
  });
}

function requeued(head: RequestHead, changes: Partial<RequestHead>): RequestHead {
  const { lease: _released, ...rest } = head;
  return next(rest, { state: 'IN_QUEUE', ...changes });
}

function next(head: Omit<RequestHead, 'lease'> | RequestHead, changes: Partial<RequestHead>): RequestHead {
  return { ...head, ...changes, version: head.version + 1 };
}
