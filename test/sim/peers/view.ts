/** An app as a peer's scaler sees it: nothing going on, and what a test changes. */
import type { RunnerRecord } from '../../../runtime/domain/runner';
import type { ScalingAction } from '../../../runtime/domain/scaling';
import type { AppProfile, AppView } from '../../../sim/policy';
import { readyRunner, runnerRecord } from '../../support/records';
import { spec } from '../scenario';

export const SECOND = 1_000;

export const PROFILE: AppProfile = { id: 'app', spec: spec(), gpus: 1, meanServiceMs: 10_000 };

export function view(changes: Partial<AppView> = {}): AppView {
  return {
    profile: PROFILE,
    now: 0,
    waiting: 0,
    inProgress: 0,
    arrivals: 0,
    demandIntegral: 0,
    runners: [],
    fleetVersion: 0,
    floor: 0,
    waitingSince: () => changes.waiting ?? 0,
    nextWaitingAfter: () => Infinity,
    nextForgetting: Infinity,
    ...changes,
  };
}

/** `count` runners that are ready and idle since time 0. */
export function idleRunners(count: number, changes: Partial<RunnerRecord> = {}): readonly RunnerRecord[] {
  return Array.from({ length: count }, (_, index) => readyRunner(0, { id: String(index), ...changes }));
}

export function startingRunners(count: number): readonly RunnerRecord[] {
  return Array.from({ length: count }, (_, index) => runnerRecord({ id: String(100 + index) }));
}

/** By how many runners the actions change the fleet. */
export function change(actions: readonly ScalingAction[]): number {
  return actions.reduce((sum, action) => {
    if (action.kind === 'launch') return sum + action.count;
    return action.kind === 'setFloor' ? sum : sum - 1;
  }, 0);
}
