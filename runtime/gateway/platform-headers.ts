/**
 * fal's platform headers: what a caller asks of the platform with them, and what the app is told with them. All of
 * `x-fal-*` is the platform's, so a caller can never make an app believe one.
 */
import type { Priority } from '../domain/request';
import { parseRetryConfig } from '../domain/retry';
import type { Headers as HeaderRecord } from '../ports';
import { platformError } from './errors';
import type { RetryWishes } from './retry-policy';

export interface CallerWishes extends RetryWishes {
  readonly priority: Priority;
  /** Time from submission within which processing must begin, in ms. */
  readonly startTimeoutMs?: number;
  readonly hint?: string;
  /** Neither the input nor the result is to be kept longer than needed. */
  readonly discardPayload: boolean;
  /** Expiry and access of files the request creates, as JSON. */
  readonly lifecyclePreference: string;
}

/** Throws 400 for a start timeout that is no number of seconds; everything else that makes no sense is ignored, as on fal. */
export function callerWishes(headers: Headers): CallerWishes {
  const startTimeoutMs = startTimeout(headers);
  const hint = headers.get('x-fal-runner-hint');
  const retryConfig = parseRetryConfig(parsedJson(headers.get('x-fal-retry-config')));
  const lifecycle = headers.get('x-fal-object-lifecycle-preference');
  return {
    priority: headers.get('x-fal-queue-priority')?.trim().toLowerCase() === 'low' ? 'low' : 'normal',
    noRetry: /^(?:1|true|yes)$/i.test(headers.get('x-fal-no-retry')?.trim() ?? ''),
    discardPayload: headers.get('x-fal-store-io')?.trim() === '0',
    lifecyclePreference: lifecycle !== null && isObject(parsedJson(lifecycle)) ? lifecycle : '{}',
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    ...(retryConfig === undefined ? {} : { retryConfig }),
    ...(hint ? { hint } : {}),
  };
}

export interface RequestIdentity {
  readonly id: string;
  /** `owner/app/path`. */
  readonly endpoint: string;
  readonly user: string;
  readonly lifecyclePreference: string;
  readonly cdnToken?: string;
  /** The `Authorization` that is the app's business, not the platform's. */
  readonly authorization?: string;
}

/** The headers the app gets: the caller's own, and the platform's in place of any the caller made up. */
export function headersForApp(headers: Headers, identity: RequestIdentity): HeaderRecord {
  const result: Record<string, string> = {};
  const ofConnection = connectionOptions(headers);
  headers.forEach((value, name) => {
    if (!CONSUMED.has(name) && !name.startsWith('x-fal-') && !ofConnection.includes(name)) result[name] = value;
  });
  result['x-fal-request-id'] = identity.id;
  result['x-fal-endpoint'] = identity.endpoint;
  result['x-fal-object-lifecycle-preference'] = identity.lifecyclePreference;
  result['x-fal-caller-user-id'] = identity.user;
  if (identity.cdnToken !== undefined) result['x-fal-cdn-token'] = identity.cdnToken;
  if (identity.authorization !== undefined) result.authorization = identity.authorization;
  return result;
}

/** Headers of one connection, never passed on (RFC 9110, section 7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The agent sends its own host and length, and `expect` was answered here. Keys stay with the platform. */
const CONSUMED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'authorization', 'content-length', 'expect', 'host']);

function connectionOptions(headers: Headers): readonly string[] {
  const connection = headers.get('connection');
  return connection === null ? [] : connection.split(',').map((name) => name.trim().toLowerCase());
}

/** fal's newer name wins over the older one when both are sent. */
const START_TIMEOUT_HEADERS = ['x-fal-request-start-timeout', 'x-fal-request-timeout'] as const;

function startTimeout(headers: Headers): number | undefined {
  const name = START_TIMEOUT_HEADERS.find((candidate) => headers.get(candidate) !== null);
  if (name === undefined) return undefined;
  const value = headers.get(name)?.trim() ?? '';
  const seconds = value === '' ? NaN : Number(value);
  if (Number.isFinite(seconds) && seconds > 0.1) return seconds * 1000;
  throw platformError('bad_request', `The header ${name} must be a number of seconds above 0.1, not "${value}"`);
}

function parsedJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
