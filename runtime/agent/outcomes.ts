/** How an attempt ends, in fal's statuses and error types. */
import { errors } from 'undici';
import type { Outcome } from '../domain/request';
import type { RetryCondition } from '../domain/retry';
import type { StoredResponse } from '../ports';
import type { SessionEnd } from './web-socket-session';

/** The app answered. fal counts every answer below 400 as a success. */
export function answeredOutcome(response: Pick<StoredResponse, 'status' | 'headers'>): Outcome {
  if (response.status < 400) return { status: response.status };
  const errorType = response.headers['x-fal-error-type'];
  return {
    status: response.status,
    error: `Invalid status code: ${response.status}`,
    ...(errorType === undefined ? {} : { errorType }),
    ...(response.status === 499 ? { cancelled: true } : {}),
  };
}

export const REQUEST_TIMEOUT: Outcome = { status: 504, errorType: 'request_timeout', error: 'Request timed out' };

/** How a WebSocket ended by itself; 101 is the status its handshake was answered with. */
export function sessionOutcome(ended: SessionEnd): Outcome {
  if (ended.by === 'refusal') return answeredOutcome(ended.answer);
  if (ended.close.code !== 1006) return { status: 101 };
  return ended.by === 'caller' ? CALLER_GONE : CUT_OFF;
}

/** The caller broke its connection off. */
export const CALLER_GONE: Outcome = {
  status: 499,
  errorType: 'client_disconnected',
  error: 'The client closed the connection',
  cancelled: true,
};

/** The runner had to leave while the caller was connected with its app. */
export const RUNNER_LEFT: Outcome = {
  status: 503,
  errorType: 'runner_disconnected',
  error: 'The runner is being replaced: connect again',
};

const CUT_OFF: Outcome = {
  status: 500,
  errorType: 'runner_server_error',
  error: 'The app broke the connection off',
};

/** The platform itself could not do its part; the app is not to blame. */
export function internalError(error: string): Outcome {
  return { status: 500, errorType: 'internal_error', error };
}

/** The app's process ended while it worked. */
export function crashed(reason: string): Outcome {
  return { status: 503, errorType: 'runner_disconnected', error: `The runner ended while it worked: ${reason}` };
}

/** What a failed exchange means: a lost connection is retried on another runner, anything else is final. */
export type Failure =
  | { readonly kind: 'connection lost'; readonly condition: RetryCondition; readonly outcome: Outcome }
  | { readonly kind: 'final'; readonly outcome: Outcome };

/** Judges an exchange that threw; `answered`: the head of the answer had arrived. */
export function exchangeFailure(error: unknown, answered: boolean): Failure {
  if (error instanceof errors.HeadersOverflowError) return { kind: 'final', outcome: HEADERS_TOO_LARGE };
  if (!isNetworkError(error)) {
    return { kind: 'final', outcome: internalError(`The platform could not pass the request on: ${inWords(error)}`) };
  }
  if (answered) return { kind: 'connection lost', condition: 'server_error', outcome: BROKEN_OFF };
  const errorType = codeOf(error) === 'ECONNREFUSED' ? 'runner_connection_refused' : 'runner_disconnected';
  const text = `The connection to the app failed: ${inWords(error)}`;
  return { kind: 'connection lost', condition: 'connection_error', outcome: { status: 503, errorType, error: text } };
}

export function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const BROKEN_OFF: Outcome = {
  status: 502,
  errorType: 'runner_incomplete_response',
  error: 'The app broke off its answer',
};

/** fal's limit for the headers of an answer. */
const HEADERS_TOO_LARGE: Outcome = {
  status: 500,
  errorType: 'runner_server_error',
  error: "The headers of the app's answer exceed 16 KB",
};

const NETWORK_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

function isNetworkError(error: unknown): boolean {
  return error instanceof errors.UndiciError || NETWORK_ERRORS.has(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
