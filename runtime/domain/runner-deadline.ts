/** Deadlines of a runner: what stays in a state longer than this does not work and is ended by force. */
import type { AppSpec } from './app-spec';
import { serving, type RunnerExit, type RunnerRecord } from './runner';

/** How long a runner may wait for hardware before it is given up: a machine that can be had is there in minutes. */
export const PENDING_LIMIT_MS = 600_000;

/** How long an image or an environment may take to fetch: 20 GB at 20 MB/s, with time to unpack. */
export const PULL_LIMIT_MS = 1_800_000;

/** How long a serving runner may be silent. Twice the lease of a request: its work went back to the queue before. */
export const SILENCE_LIMIT_MS = 60_000;

/** How long after its grace period a runner that is being ended may still exist. */
export const TERMINATION_LIMIT_MS = 30_000;

/** Why a runner must be ended by force now: it stayed in its state past the deadline. */
export function overdue(
  runner: RunnerRecord,
  spec: Pick<AppSpec, 'startup_timeout' | 'termination_grace_period_seconds'>,
  now: number,
): { readonly exit: RunnerExit; readonly reason: string } | undefined {
  const inState = now - runner.stateSince;
  if (runner.state === 'TERMINATING') {
    const limit = spec.termination_grace_period_seconds * 1000 + TERMINATION_LIMIT_MS;
    return inState >= limit ? { exit: 'stopped', reason: 'it did not end by itself' } : undefined;
  }
  if (runner.drain !== undefined && runner.drain.deadline <= now) {
    return { exit: 'drained', reason: `it did not leave within its grace period (${runner.drain.reason})` };
  }
  if (serving(runner)) {
    const silence = now - runner.heartbeatAt;
    return silence >= SILENCE_LIMIT_MS
      ? { exit: 'lost', reason: `it was silent for ${inSeconds(silence)}` }
      : undefined;
  }
  return overdueStart(runner, spec, inState);
}

function overdueStart(
  runner: RunnerRecord,
  spec: Pick<AppSpec, 'startup_timeout'>,
  inState: number,
): ReturnType<typeof overdue> {
  if (runner.state === 'PENDING' && inState >= PENDING_LIMIT_MS) {
    const waited = runner.waitingFor === undefined ? '' : ` (${runner.waitingFor})`;
    return { exit: 'scheduling_failed', reason: `it waited ${inSeconds(inState)} for a place to run${waited}` };
  }
  if (runner.state === 'DOCKER_PULL' && inState >= PULL_LIMIT_MS) {
    return {
      exit: 'startup_timeout',
      reason: `fetching its image or environment took over ${inSeconds(PULL_LIMIT_MS)}`,
    };
  }
  if (runner.state === 'SETUP' && inState >= spec.startup_timeout * 1000) {
    return { exit: 'startup_timeout', reason: `it was not ready within startup_timeout (${spec.startup_timeout} s)` };
  }
  return undefined;
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
