/**
 * SkyServe (SkyPilot), request-rate autoscaler. Published: `sky/serve/autoscalers.py`, `sky/serve/constants.py`. Every 20 s
 * (5 s without replicas): requests of the last 60 s over `target_qps_per_replica`, within the bounds; a larger size must be
 * wanted for 300 s (15 decisions), a smaller for 1200 s (60); from zero at once. Not-ready replicas go first, then the
 * newest, and are torn down with what they work on. The target is the operator's: here a share of what one replica can
 * serve. SkyServe's load balancer refuses calls while there is no replica; here they wait.
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, demandOf, GrowthWindow, resized, youngestFirst } from './fleet';

const DECISION_MS = 20_000;
const DECISION_WITHOUT_REPLICAS_MS = 5_000;
const WINDOW_MS = 60_000;
const UPSCALE_DECISIONS = 15;
const DOWNSCALE_DECISIONS = 60;

/** Replicas wanted for so many requests in the last 60 s. */
export function skyServeWanted(requests: number, targetQps: number, min: number, max: number): number {
  return clamp(Math.ceil(requests / (WINDOW_MS / 1000) / targetQps), min, max);
}

/** Decisions in a row for more and for fewer replicas, and the size that holds. */
export interface Hysteresis {
  readonly target: number;
  readonly up: number;
  readonly down: number;
}

export function skyServeDecision({ target, up, down }: Hysteresis, wanted: number): Hysteresis {
  if (target === 0) return { target: wanted, up: 0, down: 0 };
  if (wanted > target) {
    return up + 1 >= UPSCALE_DECISIONS ? { target: wanted, up: 0, down: 0 } : { target, up: up + 1, down: 0 };
  }
  if (wanted < target) {
    return down + 1 >= DOWNSCALE_DECISIONS ? { target: wanted, up: 0, down: 0 } : { target, up: 0, down: down + 1 };
  }
  return { target, up: 0, down: 0 };
}

/** `utilisation`: the target as a share of the requests a second that one replica can serve. */
export function skyServe(utilisation = 0.7): ScalingPolicy {
  return {
    name: 'skyserve',
    knob: `target_utilisation=${utilisation}`,
    tickMs: DECISION_WITHOUT_REPLICAS_MS,
    poked: false,
    dispatch: 'recent',
    scaler: (profile) => new SkyServeScaler(profile, utilisation),
  };
}

class SkyServeScaler implements AppScaler {
  private readonly requests = new GrowthWindow(WINDOW_MS);
  private state: Hysteresis = { target: 0, up: 0, down: 0 };
  private decidedAt = -Infinity;
  private readonly targetQps: number;

  constructor(
    private readonly profile: AppProfile,
    utilisation: number,
  ) {
    this.targetQps = (1000 * utilisation * profile.spec.max_multiplexing) / Math.max(1, profile.meanServiceMs);
    this.requests.record(0, 0);
  }

  look(view: AppView): readonly ScalingAction[] {
    this.requests.record(view.now, view.arrivals);
    if (this.state.target > 0 && view.now - this.decidedAt < DECISION_MS) return [];
    this.decidedAt = view.now;
    const { min_concurrency: min, max_concurrency: max } = this.profile.spec;
    const wanted = skyServeWanted(this.requests.growth(WINDOW_MS).value, this.targetQps, min, max);
    this.state = skyServeDecision(this.state, wanted);
    return resized(view, this.state.target, 0, youngestFirst);
  }

  nextLook(view: AppView): number {
    const quiet = this.state.target === 0 && demandOf(view) === 0 && capacity(view).length === 0;
    return quiet && this.requests.growth(WINDOW_MS).value === 0 ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }
}
