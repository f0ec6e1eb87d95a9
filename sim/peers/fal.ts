/**
 * fal. Published: fal.ai/docs/documentation/deployment/scale-your-application and .../optimizations/cold-start-scaling,
 * `projects/fal/src/fal/sdk.py` and `app.py` (fal-ai/fal@c6f0afa). Demand is what runs plus what has waited for
 * `scaling_delay`; the larger of the two buffers is added; an idle runner leaves after `keep_alive` (60 s for an App,
 * 10 s for a function), one that was never used after 10 s when neither minimum nor buffer is set. fal does not publish
 * how often it looks and who gets a request: assumed at once, and the runner that worked last.
 */
import type { RunnerRecord } from '../../runtime/domain/runner';
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, floor, launch } from './fleet';

export interface FalDemand {
  readonly inProgress: number;
  /** Waiting for longer than `scaling_delay`. */
  readonly delayed: number;
  readonly slots: number;
  readonly buffer: number;
  readonly bufferPercent: number;
  readonly min: number;
  readonly max: number;
}

/** Runners wanted. */
export function falDesired(demand: FalDemand): number {
  const needed = Math.ceil((demand.inProgress + demand.delayed) / demand.slots);
  const buffer = Math.max(demand.buffer, Math.ceil((demand.bufferPercent / 100) * needed));
  return Math.min(demand.max, Math.max(demand.min, needed + buffer));
}

const UNUSED_MS = 10_000;

export function fal(keepAliveS = 60): ScalingPolicy {
  return {
    name: 'fal',
    knob: `keep_alive=${keepAliveS}`,
    tickMs: 1_000,
    poked: true,
    dispatch: 'recent',
    scaler: (profile) => new FalScaler(profile, keepAliveS * 1000),
  };
}

class FalScaler implements AppScaler {
  constructor(
    private readonly profile: AppProfile,
    private readonly keepAliveMs: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { spec } = this.profile;
    const desired = falDesired({
      inProgress: view.inProgress,
      delayed: view.waitingSince(view.now - spec.scaling_delay * 1000),
      slots: spec.max_multiplexing,
      buffer: spec.concurrency_buffer,
      bufferPercent: spec.concurrency_buffer_perc,
      min: spec.min_concurrency,
      max: spec.max_concurrency,
    });
    const missing = clamp(desired - capacity(view).length, 0, Infinity);
    return [...(missing > 0 ? [launch(missing)] : []), ...(view.floor === desired ? [] : [floor(desired)])];
  }

  nextLook(view: AppView): number {
    const delayMs = this.profile.spec.scaling_delay * 1000;
    return view.nextWaitingAfter(view.now - delayMs) + delayMs;
  }

  retireAt(runner: RunnerRecord): number | undefined {
    const { min_concurrency: min, concurrency_buffer: buffer, concurrency_buffer_perc: percent } = this.profile.spec;
    if (runner.idleSince === undefined || runner.inFlight > 0) return undefined;
    const unused = runner.served === 0 && min === 0 && buffer === 0 && percent === 0;
    return runner.idleSince + (unused ? UNUSED_MS : this.keepAliveMs);
  }
}
