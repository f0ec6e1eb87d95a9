/** Traces and settings for tests of the simulator: the defaults, and what a test changes. */
import { parseAppSpec, type AppSpec } from '../../runtime/domain/app-spec';
import { controllerPolicy } from '../../sim/controller';
import type { ScalingPolicy } from '../../sim/policy';
import { simulate, type SimulationResult, type SimulationSettings } from '../../sim/simulation';
import { startTimes } from '../../sim/start-times';
import { traceOf, type Trace } from '../../sim/trace';

export function spec(changes: Partial<AppSpec> = {}): AppSpec {
  return { ...parseAppSpec({ name: 'app', max_concurrency: 1000, startup_timeout: 86_400 }), ...changes };
}

/** Requests as [arrival, service] in seconds, of one app or of the app named third. */
export function requests(...rows: readonly (readonly [number, number, string?])[]): Trace {
  return traceOf(
    rows.map(([arrival, service, app = 'app']) => ({ app, arrivalMs: 1000 * arrival, serviceMs: 1000 * service })),
  );
}

/** A controller whose idle runners take work at once, which makes waits exact. */
export function exactController(changes: Partial<AppSpec> = {}): ScalingPolicy {
  return controllerPolicy({ spec: changes, dispatch: 'recent' });
}

export function simulated(
  trace: Trace,
  changes: Partial<SimulationSettings> & { readonly startS?: number } = {},
): SimulationResult {
  const { startS = 300, ...settings } = changes;
  return simulate(trace, {
    policy: exactController(),
    startTimes: startTimes(startS),
    spec: () => spec(),
    ...settings,
  });
}

/** Waits in seconds, to the millisecond. */
export function waits({ waitMs }: SimulationResult): readonly number[] {
  return Array.from(waitMs, (wait) => Math.round(wait) / 1000);
}
