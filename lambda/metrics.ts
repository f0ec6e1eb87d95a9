/** The log of the platform's functions and the metrics of its apps. */
import { Logger } from '@aws-lambda-powertools/logger';
import { endValues, type MetricValues } from '../runtime/aws/embedded-metrics';
import type { AppRecord, Decision } from '../runtime/domain/app';
import type { RequestHead } from '../runtime/domain/request';
import { alive, ready, starting, type RunnerRecord } from '../runtime/domain/runner';
import { usdPerRunnerHour } from '../runtime/domain/running-cost';
import type { Observation } from '../runtime/domain/scaling';
import { failedToStart } from '../runtime/domain/start-back-off';
import type { Clock } from '../runtime/ports';

/** The log of one function. Lines about an app or a runner have `app` and `runner`, to be searched by. */
export class PlatformLog {
  private readonly logger: Logger;

  constructor(platform: string, component: 'gateway' | 'controller' | 'lifecycle') {
    this.logger = new Logger({ serviceName: component, persistentLogAttributes: { platform } });
  }

  decision({ app, reason, actions, inputs }: Decision): void {
    this.logger.info(reason, { app, actions: [...actions], inputs });
  }

  info(message: string, about: { readonly app?: string; readonly runner?: string } = {}): void {
    this.logger.info(message, about);
  }

  readonly failure = (error: unknown, doing: string): void => {
    this.logger.error(`Failed: ${doing}`, error instanceof Error ? error : new Error(String(error)));
  };
}

export interface AppMetricsOptions {
  readonly clock: Clock;
  readonly write: (app: string, values: MetricValues) => void;
}

/** A pause longer than this counts no further: between two lives of the function nobody knows what ran. */
const LONGEST_GAP_MS = 120_000;

/** The metrics of the apps, made from what the controller sees. */
export class AppMetrics {
  private readonly looks = new Map<string, number>();

  constructor(private readonly options: AppMetricsOptions) {}

  /** The controller looked at an app. */
  readonly looked = (app: AppRecord, observation: Observation): void => {
    const now = this.options.clock.now();
    const since = Math.max(this.looks.get(app.id) ?? now, now - LONGEST_GAP_MS);
    this.looks.set(app.id, now);
    if (!observation.runners.some((runner) => alive(runner) || runner.stateSince > since) && observation.waiting === 0)
      return;
    this.options.write(app.id, {
      ...queueValues(observation, now),
      ...drainValue(app, observation),
      ...runnerValues(observation.runners),
      ...startValues(observation.runners, since, now),
      ...costValue(app, observation.runners, now - since),
    });
  };

  /** Requests ended otherwise than by an answer: a deadline passed, or attempts ran out. */
  readonly swept = (heads: readonly RequestHead[]): void => {
    for (const head of heads) if (head.state === 'COMPLETED') this.options.write(head.app, endValues(head));
  };
}

function queueValues({ waiting, inProgress, oldestWaitingAt }: Observation, now: number): MetricValues {
  const queueAge = oldestWaitingAt === undefined ? 0 : Math.max(0, now - oldestWaitingAt) / 1000;
  return { waiting, inProgress, queueAge };
}

/** Known once the policy has seen how long the app's requests take. */
function drainValue({ spec }: AppRecord, { waiting, runners, forecast }: Observation): MetricValues {
  const slots = runners.filter(ready).length * spec.max_multiplexing;
  if (waiting === 0) return { timeToDrain: 0 };
  if (forecast?.serviceMs === undefined || slots === 0) return {};
  return { timeToDrain: ((waiting / slots) * forecast.serviceMs) / 1000 };
}

function runnerValues(runners: readonly RunnerRecord[]): MetricValues {
  const count = (is: (runner: RunnerRecord) => boolean): number => runners.filter(is).length;
  return {
    runnersStarting: count(starting),
    runnersIdle: count(({ state }) => state === 'IDLE'),
    runnersRunning: count(({ state }) => state === 'RUNNING'),
    runnersLeaving: count(({ state }) => state === 'DRAINING' || state === 'TERMINATING'),
  };
}

function startValues(runners: readonly RunnerRecord[], since: number, now: number): MetricValues {
  const started = runners.filter(({ readyAt = 0 }) => readyAt > since && readyAt <= now);
  const times = started.map(({ readyAt = 0, createdAt }) => (readyAt - createdAt) / 1000);
  const failed = runners.filter(
    (runner) => runner.readyAt === undefined && failedToStart(runner) && runner.stateSince > since,
  );
  return {
    coldStarts: started.length,
    ...(times.length === 0 ? {} : { coldStartTime: times }),
    failedStarts: failed.length,
  };
}

function costValue({ spec }: AppRecord, runners: readonly RunnerRecord[], elapsedMs: number): MetricValues {
  const hourly = usdPerRunnerHour(spec);
  // One that waits for a machine costs nothing yet.
  const paid = runners.filter((runner) => alive(runner) && runner.state !== 'PENDING').length;
  return hourly === undefined ? {} : { estimatedCost: (paid * hourly * elapsedMs) / 3_600_000 };
}
