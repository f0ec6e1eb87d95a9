/**
 * Knative's pod autoscaler. Published: knative/serving@98e5ef9, `pkg/autoscaler/scaling/autoscaler.go`,
 * `pkg/reconciler/autoscaling/kpa/scaler.go`, `config/core/configmaps/autoscaler.yaml`. Every 2 s: the mean concurrency of
 * the stable window (60 s) and of the panic window (6 s) over a target of 70 % of the container's concurrency; up at most
 * 1000-fold, down at most by half; panic from twice the capacity on, in which nothing shrinks, until it is 60 s below.
 * To zero: when nothing came for the stable window, after the longer of the grace period (30 s) and
 * `scale-to-zero-pod-retention-period` (0). Pods that leave finish what they have (300 s by default).
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, demandOf, GrowthWindow, readyCount, resized, youngestFirst } from './fleet';

const TICK_MS = 2_000;
const STABLE_WINDOW_MS = 60_000;
const PANIC_WINDOW_MS = 6_000;
const TARGET_SHARE = 0.7;
const MAX_SCALE_UP = 1_000;
const MAX_SCALE_DOWN = 2;
const PANIC_THRESHOLD = 2;
const SCALE_TO_ZERO_GRACE_MS = 30_000;
const REVISION_TIMEOUT_MS = 300_000;

/** The window of panic mode: when the threshold was last passed, and the most pods wanted since. */
export interface Panic {
  readonly since: number;
  readonly pods: number;
}

export interface KpaInput {
  readonly now: number;
  /** Mean concurrency of the stable and of the panic window. */
  readonly stable: number;
  readonly panic: number;
  /** Requests that one container takes at a time. */
  readonly concurrency: number;
  readonly ready: number;
  readonly panicking: Panic | undefined;
}

/** Pods wanted, before minimum and maximum, and whether panic goes on. */
export function kpaDesired(input: KpaInput): { readonly pods: number; readonly panicking: Panic | undefined } {
  const target = input.concurrency * TARGET_SHARE;
  const ready = Math.max(1, input.ready);
  const most = Math.ceil(MAX_SCALE_UP * ready);
  const least = Math.floor(ready / MAX_SCALE_DOWN);
  const panicPods = Math.ceil(input.panic / target);
  const stable = clamp(Math.ceil(input.stable / target), least, most);
  const over = panicPods / ready >= PANIC_THRESHOLD;
  const ended = input.panicking !== undefined && input.panicking.since + STABLE_WINDOW_MS < input.now;
  if (!over && (input.panicking === undefined || ended)) return { pods: stable, panicking: undefined };
  const pods = Math.max(input.panicking?.pods ?? 0, stable, clamp(panicPods, least, most));
  return { pods, panicking: { since: over ? input.now : (input.panicking?.since ?? input.now), pods } };
}

export function knativeKpa(retentionS = 0): ScalingPolicy {
  return {
    name: 'knative-kpa',
    knob: `pod-retention=${retentionS}`,
    tickMs: TICK_MS,
    poked: true,
    dispatch: 'recent',
    scaler: (profile) => new KpaScaler(profile, Math.max(SCALE_TO_ZERO_GRACE_MS, retentionS * 1000)),
  };
}

class KpaScaler implements AppScaler {
  private readonly concurrency = new GrowthWindow(STABLE_WINDOW_MS);
  private panicking: Panic | undefined;
  private zeroWantedSince: number | undefined;

  constructor(
    private readonly profile: AppProfile,
    private readonly zeroDelayMs: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { min_concurrency: min, max_concurrency: max } = this.profile.spec;
    this.concurrency.record(view.now, view.demandIntegral);
    const { pods, panicking } = kpaDesired({
      now: view.now,
      stable: this.mean(STABLE_WINDOW_MS, view),
      panic: this.mean(PANIC_WINDOW_MS, view),
      concurrency: this.profile.spec.max_multiplexing,
      ready: readyCount(view),
      panicking: this.panicking,
    });
    this.panicking = panicking;
    const desired = this.delayedZero(view.now, clamp(pods, min, max), capacity(view).length);
    if (desired === 0 && capacity(view).length === 0) this.concurrency.clear();
    return resized(view, desired, REVISION_TIMEOUT_MS, youngestFirst);
  }

  nextLook(view: AppView): number {
    return capacity(view).length === 0 && demandOf(view) === 0 ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }

  /** A window that has just begun means over what there is of it; its very first look sees what is there now. */
  private mean(windowMs: number, view: AppView): number {
    const { value, spanMs } = this.concurrency.growth(windowMs);
    return spanMs === 0 ? demandOf(view) : value / spanMs;
  }

  private delayedZero(now: number, desired: number, present: number): number {
    if (desired > 0 || present === 0) {
      this.zeroWantedSince = undefined;
      return desired;
    }
    this.zeroWantedSince ??= now;
    return now - this.zeroWantedSince >= this.zeroDelayMs ? 0 : 1;
  }
}
