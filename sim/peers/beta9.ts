/**
 * beta9 (Beam), queue-depth scaling. Published: beam-cloud/beta9@0b79dfe, `pkg/abstractions/common/autoscaler.go`,
 * `endpoint/autoscaler.go`, `taskqueue/autoscaler.go`, `endpoint/instance.go`, `common/instance.go`. Every second, or at
 * once when triggered: a container for each `slots` tasks queued or running. Too many: a random one of those without
 * work whose keep-warm key (180 s by default, set at the start and after each request) has expired. Three failed
 * containers within 60 s: none is wanted.
 */
import { ready, type RunnerRecord } from '../../runtime/domain/runner';
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import type { Random } from '../random';
import { capacity, clamp, demandOf, leave, launch } from './fleet';

export const KEEP_WARM_S = 180;
const FAILURES_TOLERATED = 3;
const FAILURE_MEMORY_MS = 60_000;

/** Containers wanted for so many tasks queued and running. */
export function beta9Desired(tasks: number, slots: number, min: number, max: number): number {
  return Math.max(min, tasks === 0 ? 0 : Math.min(max, Math.ceil(tasks / slots)));
}

export function beta9(keepWarmS = KEEP_WARM_S): ScalingPolicy {
  return {
    name: 'beta9',
    knob: `keep_warm_seconds=${keepWarmS}`,
    tickMs: 1_000,
    poked: true,
    dispatch: 'random',
    scaler: (profile, random) => new Beta9Scaler(profile, keepWarmS * 1000, random),
  };
}

class Beta9Scaler implements AppScaler {
  private next = Infinity;

  constructor(
    private readonly profile: AppProfile,
    private readonly keepWarmMs: number,
    private readonly random: Random,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { max_multiplexing: slots, min_concurrency: min, max_concurrency: max } = this.profile.spec;
    const failures = recentFailures(view);
    const failing = failures.length >= FAILURES_TOLERATED;
    const delta = (failing ? 0 : beta9Desired(demandOf(view), slots, min, max)) - capacity(view).length;
    this.next = failing ? Math.min(...failures) + FAILURE_MEMORY_MS : Infinity;
    if (delta >= 0) return delta === 0 ? [] : [launch(delta)];
    const idle = view.runners.filter((runner) => ready(runner) && runner.inFlight === 0);
    const stoppable = idle.filter((runner) => this.warmUntil(runner) <= view.now);
    const victims = this.chosen(stoppable, -delta);
    const rest = idle.filter((runner) => !victims.includes(runner));
    if (victims.length < -delta) this.next = Math.min(this.next, ...rest.map((runner) => this.warmUntil(runner)));
    return victims.map((runner) => leave(runner, 0));
  }

  nextLook(): number {
    return this.next;
  }

  retireAt(): undefined {
    return undefined;
  }

  private warmUntil(runner: RunnerRecord): number {
    return (runner.idleSince ?? 0) + this.keepWarmMs;
  }

  private chosen(from: readonly RunnerRecord[], count: number): readonly RunnerRecord[] {
    const left = [...from];
    return Array.from({ length: clamp(count, 0, left.length) }, () =>
      left.splice(this.random.below(left.length), 1),
    ).flat();
  }
}

/** When containers that never became ready, or crashed, went. */
function recentFailures(view: AppView): readonly number[] {
  return view.runners
    .filter(({ exit, stateSince }) => exit === 'startup_failed' && view.now - stateSince < FAILURE_MEMORY_MS)
    .map(({ stateSince }) => stateSince);
}
