/**
 * When fal sends a failed attempt round again, and how long it waits first.
 * Rules: the table "Runner impact and queue retries" of fal's documentation on retries.
 */
import type { AppSpec } from './app-spec';

/** fal's names for the failures that may be retried. */
export const RETRY_CONDITIONS = ['server_error', 'timeout', 'connection_error'] as const;
export type RetryCondition = (typeof RETRY_CONDITIONS)[number];

/** Extra attempts allowed by condition; a condition that is absent may use all attempts there are. */
export type RetryPolicy = Readonly<Partial<Record<RetryCondition, number>>>;

/** No condition is retried: `X-Fal-No-Retry`. */
export const NO_RETRIES: RetryPolicy = { server_error: 0, timeout: 0, connection_error: 0 };

/** True while the policy allows one more retry after `spent` retries for the condition. */
export function retriesLeft(policy: RetryPolicy, condition: RetryCondition, spent: number): boolean {
  const allowed = policy[condition];
  return allowed === undefined || spent < allowed;
}

/** What an app's own settings allow, for its caller to change. */
export function retriesOfApp(spec: Pick<AppSpec, 'retry_config' | 'skip_retry_conditions'>): RetryPolicy {
  const skipped = Object.fromEntries(spec.skip_retry_conditions.map((condition) => [condition, 0]));
  return { ...parseRetryConfig(spec.retry_config), ...skipped };
}

/** Milliseconds before attempt `charged + 1`: 1 s, doubling to a minute. fal publishes no figures; these are ours. */
export function retryDelay(charged: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.max(0, charged - 1));
}

/**
 * The value of `X-Fal-Retry-Config` or of an app's `retry_config`: `{"server_error":{"retries":3},…}`.
 * As on fal, unknown names and shorthand numbers are ignored; `undefined` when it is no JSON object at all.
 */
export function parseRetryConfig(value: unknown): RetryPolicy | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = RETRY_CONDITIONS.flatMap((condition) => {
    const setting: unknown = (value as Record<string, unknown>)[condition];
    const retries =
      typeof setting === 'object' && setting !== null && 'retries' in setting ? setting.retries : undefined;
    return typeof retries === 'number' && Number.isInteger(retries) && retries >= 0 ? [[condition, retries]] : [];
  });
  return Object.fromEntries(entries) as RetryPolicy;
}
