/** A recorded day once more, as the controller would act, beside what a clairvoyant would have paid. */
import { parseAppSpec, type AppSpec } from '../runtime/domain/app-spec';
import { adaptivePolicy } from './adaptive';
import { clairvoyantGpuHours, workGpuHours } from './clairvoyant';
import { rowOf, type ComparisonRow } from './compare';
import { controllerPolicy } from './controller';
import { simulate } from './simulation';
import { startTimes } from './start-times';
import type { Trace } from './trace';

export interface ReplaySettings {
  readonly startSeconds: number;
  readonly spec: Partial<AppSpec>;
  readonly tickMs?: number;
}

export interface Replay {
  readonly row: ComparisonRow;
  /** GPU-hours that requests worked, and that a clairvoyant needs to serve each of them at once. */
  readonly workGpuHours: number;
  readonly boundGpuHours: number;
  /** What was paid beyond the clairvoyant, who also spares all waiting; negative where requests waited for less. */
  readonly regretGpuHours: number;
  /** Hours that callers waited, all together. */
  readonly regretWaitHours: number;
}

export function replay(trace: Trace, { startSeconds, spec, tickMs }: ReplaySettings): Replay {
  const settings = { ...(tickMs === undefined ? {} : { tickMs }), knob: `keep_alive=${spec.keep_alive ?? 60}` };
  const policy = spec.scaling_policy === 'adaptive' ? adaptivePolicy(settings) : controllerPolicy(settings);
  const whole = { ...parseAppSpec({ name: 'app', max_concurrency: 1000, startup_timeout: 86_400 }), ...spec };
  const result = simulate(trace, { policy, startTimes: startTimes(startSeconds), spec: () => whole });
  const row = rowOf(policy, result);
  const boundGpuHours = clairvoyantGpuHours(trace, startSeconds);
  const served = result.waitMs.filter((wait) => !Number.isNaN(wait));
  return {
    row,
    workGpuHours: workGpuHours(trace),
    boundGpuHours,
    regretGpuHours: row.gpu_hours - boundGpuHours,
    regretWaitHours: served.reduce((sum, wait) => sum + wait, 0) / 3_600_000,
  };
}

export function formatReplay({
  row,
  workGpuHours: work,
  boundGpuHours,
  regretGpuHours,
  regretWaitHours,
}: Replay): string {
  return [
    `${row.policy}, ${row.knob}: ${row.gpu_hours.toFixed(2)} GPU-hours, ${row.starts} starts`,
    `mean wait ${row.mean_wait_s.toFixed(1)} s, 95 % wait ${row.p95_wait_s.toFixed(1)} s or less`,
    `requests worked ${work.toFixed(2)} GPU-hours; a clairvoyant needs ${boundGpuHours.toFixed(2)} to serve all at once`,
    `regret: ${regretGpuHours.toFixed(2)} GPU-hours and ${regretWaitHours.toFixed(2)} hours of waiting`,
    '',
  ].join('\n');
}
