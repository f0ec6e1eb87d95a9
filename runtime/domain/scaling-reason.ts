/** A scaling decision in words a person can act on, and in the numbers it was made from. */
import type { AppSpec } from './app-spec';
import { plural } from './plural';
import { fallbackReason } from './revision-trial';
import { ready, starting } from './runner';
import type { Observation, ScalingAction, ScalingDecision, TargetSize } from './scaling';
import type { StartBackOff } from './start-back-off';

export interface ScalingExplanation {
  /** One sentence; also says why nothing is done. */
  readonly reason: string;
  readonly inputs: Readonly<Record<string, number | string | boolean>>;
}

/** The reason of a decision in one sentence, and its inputs. Costs more than the decision: for when somebody reads it. */
export function explain(
  observation: Observation,
  spec: AppSpec,
  { actions, size, backOff }: ScalingDecision,
  now: number,
): ScalingExplanation {
  const counts = countRunners(observation);
  const parts = [
    ...fallbackReason(observation, actions),
    ...launchReason(observation, spec, size, backOff, actions),
    ...grouped(actions, 'drain', 'asks', 'to leave'),
    ...grouped(actions, 'stop', 'stops', ''),
    ...waitReason(size, counts, backOff, now),
  ];
  return {
    reason: parts.length === 0 ? `${plural(counts.starting + counts.ready, 'runner')}, as wanted` : parts.join('; '),
    inputs: {
      ...counts,
      ...size,
      waiting: observation.waiting,
      overdue: observation.overdue,
      inProgress: observation.inProgress,
      failedStarts: backOff.failedStarts,
      ...forecastInputs(observation),
      revision: observation.revision,
      min_concurrency: spec.min_concurrency,
      max_concurrency: spec.max_concurrency,
      max_multiplexing: spec.max_multiplexing,
    },
  };
}

/** An action in a few words, as decisions keep it. */
export function describe(action: ScalingAction): string {
  switch (action.kind) {
    case 'launch':
      return `launch ${plural(action.count, 'runner')}${action.revision === undefined ? '' : ` of revision ${action.revision}`}`;
    case 'setFloor':
      return `keep at least ${plural(action.floor, 'READY runner')} of revision ${action.revision}`;
    case 'drain':
      return `drain runner ${action.runner}: ${action.reason}`;
    case 'stop':
      return `stop runner ${action.runner}: ${action.reason}`;
  }
}

/** What the adaptive policy expected, in seconds where the forecast has milliseconds. */
function forecastInputs({ forecast, impatient = 0 }: Observation): Readonly<Record<string, number>> {
  if (forecast === undefined) return {};
  const { serviceMs, startMs, rate, patienceMs, kept, staying, expected } = forecast;
  return {
    impatient,
    patience_s: patienceMs / 1000,
    expected_requests_per_minute: Math.round(60_000_000 * rate) / 1000,
    runners_worth_keeping: kept,
    runners_staying_on: staying,
    requests_expected_at_once: expected,
    ...(serviceMs === undefined ? {} : { expected_service_s: Math.round(serviceMs) / 1000 }),
    ...(startMs === undefined ? {} : { expected_start_s: Math.round(startMs) / 1000 }),
  };
}

interface RunnerCounts {
  readonly ready: number;
  readonly starting: number;
  /** READY runners of revisions before the current one. */
  readonly readyOld: number;
}

function countRunners({ runners, revision }: Observation): RunnerCounts {
  const current = runners.filter((runner) => runner.revision === revision);
  return {
    ready: current.filter(ready).length,
    starting: current.filter(starting).length,
    readyOld: runners.filter(ready).length - current.filter(ready).length,
  };
}

function launchReason(
  observation: Observation,
  spec: AppSpec,
  size: TargetSize,
  backOff: StartBackOff,
  actions: readonly ScalingAction[],
): string[] {
  const launch = actions.find((action) => action.kind === 'launch' && action.revision === undefined);
  if (launch?.kind !== 'launch') return [];
  const counts = countRunners(observation);
  const before = counts.ready + counts.starting + counts.readyOld;
  const again =
    backOff.failedStarts === 0 ? '' : ` (another try after ${plural(backOff.failedStarts, 'failed start')})`;
  const limit = size.demand + size.buffer > spec.max_concurrency ? `, max_concurrency is ${spec.max_concurrency}` : '';
  return [
    `${before} → ${before + launch.count} runners: ${whyLaunch(observation, spec, size, counts)}${limit}${again}`,
  ];
}

function whyLaunch(observation: Observation, spec: AppSpec, size: TargetSize, counts: RunnerCounts): string {
  if (counts.readyOld > 0 && counts.ready + counts.starting === 0) {
    return `revision ${observation.revision} replaces ${plural(counts.readyOld, 'earlier runner')}`;
  }
  const { overdue, inProgress } = observation;
  const wait = `${plural(overdue, 'request')} ${overdue === 1 ? 'waits' : 'wait'}`;
  if (size.demand > counts.ready + counts.starting && overdue > 0) {
    if (counts.ready === 0) return counts.starting === 0 ? `${wait} and none is ready` : `${wait}, none is ready yet`;
    return `${wait} and ${inProgress} ${inProgress === 1 ? 'is' : 'are'} in progress`;
  }
  const asked = Math.max(size.demand + size.buffer, spec.min_concurrency);
  if (size.target > asked) return `${plural(observation.forecast?.expected ?? 0, 'request')} expected about now`;
  if (size.demand + size.buffer < spec.min_concurrency) return `min_concurrency is ${spec.min_concurrency}`;
  if (size.buffer === 0) return `${plural(inProgress, 'request')} in progress`;
  return `${plural(size.buffer, 'spare runner')} wanted above a demand of ${size.demand}`;
}

/** `stops 2 runners: the reason`, once for each reason. */
function grouped(actions: readonly ScalingAction[], kind: 'drain' | 'stop', verb: string, what: string): string[] {
  const counts = new Map<string, number>();
  for (const action of actions) {
    if (action.kind === kind) counts.set(action.reason, (counts.get(action.reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${verb} ${[plural(count, 'runner'), what].join(' ').trim()}: ${reason}`);
}

function waitReason(size: TargetSize, counts: RunnerCounts, backOff: StartBackOff, now: number): string[] {
  if (counts.ready + counts.starting >= size.target || backOff.until <= now) return [];
  const seconds = Math.ceil((backOff.until - now) / 1000);
  const failures =
    backOff.failedStarts === 1 ? 'the last start failed' : `the last ${backOff.failedStarts} starts failed`;
  const why = backOff.failedStarts === 0 ? 'there was no place to run' : failures;
  return [`the next start waits ${seconds} s: ${why}`];
}
