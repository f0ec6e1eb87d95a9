/**
 * What an app's answer means for its request and for its runner.
 * Rules: fal's documentation on queue retries and runner health ("Runner impact").
 */
import type { RetryCondition } from '../domain/retry';
import type { Headers } from '../ports';

export interface Verdict {
  /** The request goes round again for this reason, if its policy leaves a retry. */
  readonly retry?: RetryCondition;
  /** The app asked for the retry itself (`X-Fal-Needs-Retry: 1`), which beats every policy. */
  readonly retryForced?: boolean;
  /**
   * `stop`: the runner leaves at once. `check`: it leaves if its port no longer answers; `health check`: if the app's own
   * health check fails.
   */
  readonly runner: 'keep' | 'check' | 'health check' | 'stop';
}

/** Judges an answer by its status and the headers the app may steer the platform with. */
export function judge(status: number, headers: Headers): Verdict {
  return { ...requestVerdict(status, headers), runner: runnerVerdict(status, headers) };
}

/** Headers between app and platform: never shown to callers. */
const CONSUMED = new Set(['x-fal-needs-retry', 'x-fal-stop-runner', 'x-fal-runner-health-check']);

/** Headers of one connection, which mean nothing behind it (RFC 9110, section 7.6.1), and those made anew. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
]);

/** The headers of an app's answer that its caller gets. */
export function callerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || CONSUMED.has(name) || HOP_BY_HOP.has(name)) continue;
    kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}

function requestVerdict(status: number, headers: Headers): Pick<Verdict, 'retry' | 'retryForced'> {
  const asked = flag(headers['x-fal-needs-retry']);
  // The header is honoured on 5xx and 429 alone.
  if (asked !== undefined && (status >= 500 || status === 429)) {
    return asked ? { retry: 'server_error', retryForced: true } : {};
  }
  return status === 503 || status === 504 ? { retry: 'server_error' } : {};
}

function runnerVerdict(status: number, headers: Headers): Verdict['runner'] {
  const asked = flag(headers['x-fal-stop-runner']);
  if (asked === true || (asked === undefined && status === 503)) return 'stop';
  if (flag(headers['x-fal-runner-health-check'])) return 'health check';
  if (asked === false) return 'keep';
  return status === 500 || status === 502 || status === 504 ? 'check' : 'keep';
}

function flag(value: string | undefined): boolean | undefined {
  switch (value?.trim().toLowerCase()) {
    case '1':
    case 'true':
      return true;
    case '0':
    case 'false':
      return false;
    default:
      return undefined;
  }
}
