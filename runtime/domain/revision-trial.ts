/**
 * Scaling while a new revision is on trial. One runner tries it; whatever else is wanted runs the last good revision,
 * which also takes back over when nothing ran and the new one was started at once. Working runners stay until a runner of
 * the new revision was READY.
 */
import { plural } from './plural';
import { ready, starting, type RunnerRecord } from './runner';
import type { Observation, ScalingAction } from './scaling';
import { startBackOff } from './start-back-off';

export interface Trial {
  /** The last good revision. */
  readonly fallback: string;
  /** Whether a start of the new revision failed already. */
  readonly failed: boolean;
}

/** How a trial stands, judged by the runners there are. */
export interface TrialState extends Trial {
  /** Whether runners that are wanted run the last good revision. Else nothing runs, and the new one starts at once. */
  readonly fallsBack: boolean;
}

/** `undefined` when nothing is on trial. */
export function trialState(
  { trial, revision, strategy }: Observation,
  runners: readonly RunnerRecord[],
): TrialState | undefined {
  if (trial === undefined || runners.some((runner) => runner.revision === revision && ready(runner))) return undefined;
  const failed =
    trial.failed || startBackOff(runners.filter((runner) => runner.revision === revision)).failedStarts > 0;
  const serves = strategy === 'rolling' && runners.some((runner) => runner.revision !== revision && ready(runner));
  return { ...trial, failed, fallsBack: failed || serves };
}

/** The launches of a trial that falls back. `target` is the wanted number of serving runners. */
export function trialLaunches(
  { revision, verify = false }: Observation,
  { fallback, failed }: TrialState,
  runners: readonly RunnerRecord[],
  target: number,
  now: number,
): readonly ScalingAction[] {
  const tried = runners.filter((runner) => runner.revision === revision);
  const trying = capacity(tried).length;
  const backOff = startBackOff(tried);
  const tryNow = trying === 0 && (target > 0 || verify) && now >= backOff.until;
  // Who finds no place for the new revision finds none for the old one either.
  const noPlace = !failed && backOff.unplacedAt !== undefined;
  const others = capacity(runners).length - trying;
  const hoped = failed ? 0 : trying + Number(tryNow);
  const count = noPlace ? 0 : launchable(runners, fallback, target - others - hoped, now);
  return [
    ...(tryNow ? [{ kind: 'launch' as const, count: 1, failedStarts: backOff.failedStarts }] : []),
    ...(count > 0 ? [fallbackLaunch(runners, fallback, count)] : []),
  ];
}

/** Why runners of the last good revision are launched, in words. */
export function fallbackReason(observation: Observation, actions: readonly ScalingAction[]): string[] {
  const launch = actions.find((action) => action.kind === 'launch' && action.revision !== undefined);
  if (launch?.kind !== 'launch' || launch.revision === undefined) return [];
  const before = capacity(observation.runners).filter(({ revision }) => revision !== observation.revision).length;
  const after = plural(before + launch.count, 'runner');
  const state = trialState(observation, observation.runners);
  const why = state?.failed
    ? `revision ${observation.revision} did not start${lastFailure(observation)}, the last good one takes over`
    : `revision ${observation.revision} is not ready yet`;
  return [`${before} → ${after} of revision ${launch.revision}: ${why}`];
}

function lastFailure({ runners, revision }: Observation): string {
  const failures = runners.filter((runner) => runner.revision === revision && runner.readyAt === undefined);
  const last = failures.filter(({ exitReason }) => exitReason).sort((a, b) => b.stateSince - a.stateSince)[0];
  return last?.exitReason === undefined ? '' : ` (${last.exitReason})`;
}

function fallbackLaunch(runners: readonly RunnerRecord[], revision: string, count: number): ScalingAction {
  const { failedStarts } = startBackOff(runners.filter((runner) => runner.revision === revision));
  return { kind: 'launch', count, failedStarts, revision };
}

function launchable(runners: readonly RunnerRecord[], revision: string, missing: number, now: number): number {
  const own = runners.filter((runner) => runner.revision === revision);
  const { failedStarts, until } = startBackOff(own);
  if (missing <= 0 || now < until) return 0;
  if (failedStarts === 0) return missing;
  return capacity(own).some(starting) ? 0 : 1;
}

/** Runners that serve or will. */
export function capacity(runners: readonly RunnerRecord[]): readonly RunnerRecord[] {
  return runners.filter((runner) => ready(runner) || (starting(runner) && runner.drain === undefined));
}
