/** Which failures of a request are retried, from what the caller and the app say. */
import type { AppSpec } from '../domain/app-spec';
import { NO_RETRIES, retriesOfApp, type RetryPolicy } from '../domain/retry';

export interface RetryWishes {
  /** `X-Fal-No-Retry`: beats everything. */
  readonly noRetry: boolean;
  /** `X-Fal-Retry-Config`: fal takes it from the app's owner alone, condition by condition before the app's own settings. */
  readonly retryConfig?: RetryPolicy;
}

export function retryPolicy(spec: AppSpec, wishes: RetryWishes, callerIsOwner: boolean): RetryPolicy {
  if (wishes.noRetry) return NO_RETRIES;
  return { ...retriesOfApp(spec), ...(callerIsOwner ? wishes.retryConfig : undefined) };
}
