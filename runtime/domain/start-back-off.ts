/**
 * When an app whose runners fail to start is tried again. fal's documented rule: each further start waits 30 s longer,
 * up to 10 minutes, and any success forgets it all; a runner that found no place to run is tried again after 20 s.
 */
import type { Outcome } from './request';
import { ready, starting, type RunnerRecord } from './runner';

/** Each failed start in a row delays the next by this much more. */
export const BACK_OFF_STEP_MS = 30_000;
export const BACK_OFF_MAX_MS = 600_000;

/** The delay after a runner found no place to run, which says nothing about the app. */
export const SCHEDULING_DELAY_MS = 20_000;

/** How far back terminated runners must be known: the longest delay, twice. */
export const BACK_OFF_MEMORY_MS = 2 * BACK_OFF_MAX_MS;

export interface StartBackOff {
  /** Failed starts since one succeeded. */
  readonly failedStarts: number;
  /** No runner is launched before this time, ms since the epoch; 0 when nothing failed. */
  readonly until: number;
  /** When a runner last found no place to run, since one succeeded. */
  readonly unplacedAt?: number;
}

/** What the runners of one revision, those that left included, say about the next start. */
export function startBackOff(runners: readonly RunnerRecord[]): StartBackOff {
  const succeededAt = Math.max(0, ...runners.map((runner) => runner.readyAt ?? 0));
  const since = runners.filter((runner) => runner.readyAt === undefined && runner.stateSince > succeededAt);
  const failed = since.filter(failedToStart);
  const unplaced = since.filter((runner) => runner.exit === 'scheduling_failed').map((runner) => runner.stateSince);
  const failedStarts = countFailures(failed, runners.filter(starting));
  const delay = Math.min(BACK_OFF_MAX_MS, failedStarts * BACK_OFF_STEP_MS);
  return {
    failedStarts,
    until: Math.max(
      0,
      ...failed.map((runner) => runner.stateSince + delay),
      ...unplaced.map((at) => at + SCHEDULING_DELAY_MS),
    ),
    ...(unplaced.length === 0 ? {} : { unplacedAt: Math.max(...unplaced) }),
  };
}

/**
 * What a caller who waits on a connection is told while no runner serves, none starts and the next start is delayed.
 * `undefined` while waiting makes sense. Requests in the queue stay there.
 */
export function unavailable(runners: readonly RunnerRecord[], revision: string, now: number): Outcome | undefined {
  const current = runners.filter((runner) => runner.revision === revision);
  if (runners.some((runner) => ready(runner) || starting(runner)) || startBackOff(current).until <= now)
    return undefined;
  const last = current.filter((runner) => runner.exit !== undefined).sort((a, b) => b.stateSince - a.stateSince)[0];
  const error = `No runner could be started: ${last?.exitReason ?? 'the reason is unknown'}`;
  if (last?.exit === 'startup_timeout') return { status: 504, errorType: 'startup_timeout', error };
  return { status: 503, errorType: 'runner_scheduling_failure', error };
}

/**
 * Records carry the count on, so that it does not shrink when old records are forgotten. Runners launched together carry
 * the same count and are one start: five requests that find a broken app have not tried it five times in a row.
 */
function countFailures(failed: readonly RunnerRecord[], startingNow: readonly RunnerRecord[]): number {
  const failures = failed.map((runner) => runner.failedStarts + 1);
  return Math.max(0, ...failures, ...startingNow.map((runner) => runner.failedStarts));
}

/** True for a runner that ended as one does whose app does not work. */
export function failedToStart(runner: RunnerRecord): boolean {
  switch (runner.exit) {
    case 'startup_failed':
    case 'startup_timeout':
    case 'crashed':
    case 'unhealthy':
    case 'lost':
      return true;
    default:
      return false;
  }
}
