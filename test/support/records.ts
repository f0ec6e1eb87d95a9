/** Specs and runner records for tests: the defaults, and what a test changes. */
import { parseAppSpec, type AppSpec } from '../../runtime/domain/app-spec';
import { launched, type RunnerRecord } from '../../runtime/domain/runner';
import type { Observation } from '../../runtime/domain/scaling';

export const APP = 'local/app';

export function appSpec(changes: Partial<AppSpec> = {}): AppSpec {
  return { ...parseAppSpec({ name: 'app' }), ...changes };
}

export function runnerRecord(changes: Partial<RunnerRecord> = {}): RunnerRecord {
  return { ...launched({ id: 'runner', app: APP, revision: 'r1', createdAt: 0 }), ...changes };
}

/** A runner that serves, silent for no time at `now`. */
export function readyRunner(now: number, changes: Partial<RunnerRecord> = {}): RunnerRecord {
  return runnerRecord({ state: 'IDLE', readyAt: 0, idleSince: now, heartbeatAt: now, served: 1, ...changes });
}

export function observation(changes: Partial<Observation> = {}): Observation {
  return {
    revision: 'r1',
    strategy: 'rolling',
    waiting: 0,
    overdue: 0,
    inProgress: 0,
    runners: [],
    floors: {},
    ...changes,
  };
}
