/** Where the adaptive policy departs from fal's rules: fewer runners for a queue, idle ones that leave sooner, starts ahead. */
import type { AppSpec } from './app-spec';
import { capacity } from './revision-trial';
import { ready, starting, type RunnerRecord } from './runner';
import type { Observation } from './scaling';
import { wantedRunners } from './wait-or-spawn';

/** Runners for what runs and what has waited long enough: never more than fal's formula has. */
export function adaptiveDemand(observed: Observation, spec: AppSpec, now: number): number {
  const { forecast, inProgress, overdue, impatient = 0, revision } = observed;
  const { max_multiplexing: slots } = spec;
  const most = Math.ceil((inProgress + overdue) / slots);
  if (forecast?.parts.waitOrSpawn !== true) return most;
  const { serviceMs, startMs } = forecast;
  if (serviceMs === undefined || startMs === undefined) return most;
  const present = capacity(observed.runners.filter((runner) => runner.revision === revision));
  const queue = {
    waiting: overdue,
    inProgress,
    slots,
    ready: present.filter(ready).length,
    startingMs: present.filter(starting).map(({ createdAt }) => Math.max(0, startMs - (now - createdAt))),
  };
  const wanted = wantedRunners(queue, { ...forecast, serviceMs, startMs, tailMs: spec.keep_alive * 1000 });
  return Math.min(most, Math.max(wanted, Math.ceil((inProgress + impatient) / slots)));
}

/** Runners that should stand ready although nobody calls yet: for calls that come at regular times. */
export function expectedRunners({ forecast }: Observation, spec: AppSpec): number {
  return forecast?.parts.startAhead === true ? Math.ceil(forecast.expected / spec.max_multiplexing) : 0;
}

/** Idle runners that need not stay for all of `keep_alive`, those first that were used least recently. */
export function releasable(
  observed: Pick<Observation, 'forecast' | 'waiting'>,
  runners: readonly RunnerRecord[],
  target: number,
): readonly RunnerRecord[] {
  const { forecast, waiting } = observed;
  if (forecast?.parts.earlyRelease !== true || waiting > 0) return [];
  const serving = runners.filter(ready);
  const surplus = serving.length - Math.max(target, forecast.kept);
  if (surplus <= 0) return [];
  return serving
    .filter(({ inFlight, idleSince, served }) => inFlight === 0 && idleSince !== undefined && served > 0)
    .sort((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0) || a.createdAt - b.createdAt)
    .slice(0, surplus);
}
