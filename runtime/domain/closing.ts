/** What becomes of the runners of an app that is being removed: they finish what they have and leave. */
import type { AppSpec } from './app-spec';
import { plural } from './plural';
import { alive, starting, type RunnerRecord } from './runner';
import { overdue } from './runner-deadline';
import type { Observation, ScalingAction } from './scaling';

/** Longest time for work in progress. Whoever removes an app waits for it. */
export const CLOSING_DRAIN_MS = 300_000;

export const CLOSING_REASON = 'the app is being removed';

/** When an app that is closed has no runner left, ms since the epoch: what is left then is ended by force. */
export function drainedBy(closingSince: number, spec: AppSpec): number {
  const grace = spec.termination_grace_period_seconds * 1000;
  return closingSince + Math.min(CLOSING_DRAIN_MS, spec.request_timeout * 1000) + grace;
}

/** Lets all runners go. Deciding again right after the actions were applied gives none. */
export function decideClosing(
  { runners, floors }: Pick<Observation, 'runners' | 'floors'>,
  spec: AppSpec,
  closingSince: number,
  now: number,
): readonly ScalingAction[] {
  const deadline = Math.max(now, drainedBy(closingSince, spec));
  const lowered = Object.entries(floors).filter(([, floor]) => floor > 0);
  return [
    ...lowered.map(([revision]) => ({ kind: 'setFloor' as const, revision, floor: 0 })),
    ...runners.filter(alive).flatMap((runner) => sentAway(runner, spec, deadline, now)),
  ];
}

/** `asks 2 runners to leave, stops 1: the app is being removed` */
export function closingReason(actions: readonly ScalingAction[]): string {
  const drained = actions.filter(({ kind }) => kind === 'drain').length;
  const stopped = actions.filter(({ kind }) => kind === 'stop').length;
  const parts = [
    ...(drained === 0 ? [] : [`asks ${plural(drained, 'runner')} to leave`]),
    ...(stopped === 0 ? [] : [`stops ${plural(stopped, 'runner')}`]),
  ];
  return `${parts.join(', ')}: ${CLOSING_REASON}`;
}

function sentAway(runner: RunnerRecord, spec: AppSpec, deadline: number, now: number): readonly ScalingAction[] {
  const graceMs = spec.termination_grace_period_seconds * 1000;
  const late = overdue(runner, spec, now);
  if (late !== undefined) return [{ kind: 'stop', runner: runner.id, ...late, graceMs }];
  if (starting(runner)) return [{ kind: 'stop', runner: runner.id, reason: CLOSING_REASON, exit: 'stopped', graceMs }];
  if (runner.state === 'TERMINATING' || leavesInTime(runner, deadline)) return [];
  return [{ kind: 'drain', runner: runner.id, reason: CLOSING_REASON, graceMs: deadline - now }];
}

/** Whoever was asked by this is not asked again: the fleet counts the grace from its own, somewhat later clock. */
function leavesInTime({ drain }: RunnerRecord, deadline: number): boolean {
  return drain !== undefined && (drain.reason === CLOSING_REASON || drain.deadline <= deadline);
}
