/** Where the adaptive policy departs from fal's rules: fewer runners for a queue, others for what is expected. */
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

/**
 * Runners that should be there although nobody asks for them: ready ahead of calls that come at regular times, or staying
 * on. None is started to stay.
 */
export function standingRunners({ forecast, runners, revision }: Observation, spec: AppSpec): number {
  if (forecast === undefined) return 0;
  const { parts, expected, staying } = forecast;
  const ahead = parts.startAhead ? Math.ceil(expected / spec.max_multiplexing) : 0;
  if (!parts.stayOn || staying <= ahead) return ahead;
  const present = runners.filter((runner) => runner.revision === revision && ready(runner)).length;
  return Math.max(ahead, Math.min(staying, present));
}

/** Idle runners that need not stay for all of `keep_alive`, those first that were used least recently. */
export function surplus(
  observed: Pick<Observation, 'forecast' | 'waiting'>,
  runners: readonly RunnerRecord[],
  target: number,
): readonly RunnerRecord[] {
  const { forecast, waiting } = observed;
  if (forecast?.parts.releaseSurplus !== true || waiting > 0) return [];
  const serving = runners.filter(ready);
  const leaving = serving.length - Math.max(target, forecast.kept);
  if (leaving <= 0) return [];
  return serving
    .filter(({ inFlight, idleSince }) => inFlight === 0 && idleSince !== undefined)
    .sort((a, b) => usedAt(a) - usedAt(b) || a.createdAt - b.createdAt)
    .slice(0, leaving);
}

/** A runner that nobody used yet leaves first: it would soon do so by itself. */
function usedAt({ served, idleSince = 0 }: RunnerRecord): number {
  return served === 0 ? 0 : idleSince;
}
