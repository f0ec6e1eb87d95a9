/**
 * Ray Serve. Published: `python/ray/serve/autoscaling_policy.py`, `config.py` (ray-project/ray). Wanted: requests waiting
 * and running (mean of the last 30 s) over `target_ongoing_requests` (2, at most what a replica takes at a time), scaling
 * factors of 1. More must be wanted for `upscale_delay_s` (30 s), fewer for `downscale_delay_s` (600 s), in decisions in
 * a row; to zero only from one; from zero at once. Ray decides every 0.1 s; here every second, which the delays outweigh.
 * A replica that leaves has `graceful_shutdown_timeout_s` (20 s).
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, demandOf, GrowthWindow, readyCount, resized, youngestFirst } from './fleet';

const TICK_MS = 1_000;
const LOOK_BACK_MS = 30_000;
const UPSCALE_DELAY_S = 30;
export const DOWNSCALE_DELAY_S = 600;
const TARGET_ONGOING = 2;
const GRACE_MS = 20_000;

/** Replicas wanted by the mean number of requests; `factor` smooths the step. */
export function rayDesired(ongoing: number, targetOngoing: number, replicas: number, factor = 1): number {
  const desired = ongoing / targetOngoing;
  const scaled = Math.ceil(replicas + factor * (desired - replicas));
  return scaled === replicas && Math.ceil(desired) < replicas ? scaled - 1 : scaled;
}

/** The size that holds, and decisions in a row for more (positive) or fewer (negative) replicas. */
export interface RayState {
  readonly target: number;
  readonly counter: number;
}

export function rayDecision({ target, counter }: RayState, desired: number, downscaleDelayS: number): RayState {
  if (desired === target) return { target, counter: 0 };
  if (desired > target) {
    const ups = Math.max(0, counter) + 1;
    return ups > (1000 * UPSCALE_DELAY_S) / TICK_MS ? { target: desired, counter: 0 } : { target, counter: ups };
  }
  const downs = Math.min(0, counter) - 1;
  const next = target === 1 ? desired : Math.max(1, desired);
  return downs < (-1000 * downscaleDelayS) / TICK_MS ? { target: next, counter: 0 } : { target, counter: downs };
}

export function rayServe(downscaleDelayS = DOWNSCALE_DELAY_S): ScalingPolicy {
  return {
    name: 'ray-serve',
    knob: `downscale_delay_s=${downscaleDelayS}`,
    tickMs: TICK_MS,
    poked: false,
    dispatch: 'random',
    scaler: (profile) => new RayScaler(profile, downscaleDelayS),
  };
}

class RayScaler implements AppScaler {
  private readonly ongoing = new GrowthWindow(LOOK_BACK_MS);
  private state: RayState = { target: 0, counter: 0 };

  constructor(
    private readonly profile: AppProfile,
    private readonly downscaleDelayS: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { min_concurrency: min, max_concurrency: max, max_multiplexing: slots } = this.profile.spec;
    this.ongoing.record(view.now, view.demandIntegral);
    const replicas = readyCount(view);
    if (replicas === 0) {
      const awake = demandOf(view) > 0 ? Math.max(1, this.state.target) : this.state.target;
      this.state = { target: clamp(awake, min, max), counter: this.state.counter };
    } else {
      const desired = rayDesired(this.mean(view), Math.min(TARGET_ONGOING, slots), replicas);
      this.state = rayDecision(this.state, clamp(desired, min, max), this.downscaleDelayS);
    }
    return resized(view, this.state.target, GRACE_MS, youngestFirst);
  }

  nextLook(view: AppView): number {
    return this.state.target === 0 && capacity(view).length === 0 && demandOf(view) === 0 ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }

  private mean(view: AppView): number {
    const { value, spanMs } = this.ongoing.growth(LOOK_BACK_MS);
    return spanMs === 0 ? demandOf(view) : value / spanMs;
  }
}
