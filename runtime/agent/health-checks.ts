/** Calls the health check of an app beside its requests, and says when the runner must go. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppSpec, HealthCheck } from '../domain/app-spec';
import type { AppClient } from './app-client';
import type { Headers } from '../ports';
import { inWords } from './outcomes';

/** fal calls a health check this often. */
export const HEALTH_CHECK_INTERVAL_MS = 15_000;

export interface HealthChecksOptions {
  readonly client: Pick<AppClient, 'call'>;
  readonly check: HealthCheck;
  readonly startup_timeout: AppSpec['startup_timeout'];
  /** How long the runner has been there, in ms. */
  readonly age: () => number;
  readonly intervalMs: number;
  /** Called with the reason when the runner must be replaced. */
  readonly unhealthy: (reason: string) => void;
}

export class HealthChecks {
  #failures = 0;

  constructor(private readonly options: HealthChecksOptions) {}

  /** Repeats the check until the signal, where the app wants that. A failure counts once the start period is over. */
  async repeat(signal: AbortSignal): Promise<void> {
    const { check, intervalMs, unhealthy } = this.options;
    if (!check.call_regularly) return;
    while (!signal.aborted) {
      const failure = await this.failure();
      this.#failures = failure === undefined || this.starting() ? 0 : this.#failures + 1;
      if (failure !== undefined && this.#failures >= check.failure_threshold) {
        unhealthy(`its health check failed ${times(this.#failures)}: ${failure}`);
        return;
      }
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Checks at once, because an answer of the app asked for it: neither the start period nor the threshold counts. */
  async checkNow(): Promise<void> {
    const failure = await this.failure();
    if (failure !== undefined) this.options.unhealthy(`its health check failed: ${failure}`);
  }

  /** As on fal, the start period is never shorter than `startup_timeout`. */
  private starting(): boolean {
    const { check, startup_timeout, age } = this.options;
    return age() < Math.max(check.start_period_seconds, startup_timeout) * 1000;
  }

  private async failure(): Promise<string | undefined> {
    const { client, check } = this.options;
    const { path, method, timeout_seconds } = check;
    const limit = AbortSignal.timeout(timeout_seconds * 1000);
    const headers: Headers = method === 'POST' ? { 'content-type': 'application/json' } : {};
    const body = method === 'POST' ? Buffer.from('{}') : new Uint8Array();
    try {
      const answer = await client.call({ method, target: path, headers, body }, limit);
      await answer.body.dump();
      return answer.statusCode < 400 ? undefined : `${method} ${path} answered ${answer.statusCode}`;
    } catch (error) {
      if (limit.aborted) return `${method} ${path} took longer than ${timeout_seconds} s`;
      return `${method} ${path}: ${inWords(error)}`;
    }
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times in a row`;
}
