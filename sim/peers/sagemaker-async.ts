/**
 * SageMaker asynchronous inference with both policies that its guide asks for (docs.aws.amazon.com,
 * async-inference-autoscale). Metrics are minutes. From zero: one instance when `HasBacklogWithoutCapacity` was there in 2
 * of 2 minutes. Above: target tracking of `ApproximateBacklogSizePerInstance` at 5, by the alarms that target tracking
 * makes: 3 minutes above, 15 minutes below 90 % of it. Cooldowns: 300 s out, 600 s in. Instances finish what they have.
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, demandOf, resized, youngestFirst } from './fleet';

const PERIOD_MS = 60_000;
export const BACKLOG_PER_INSTANCE = 5;
const FROM_ZERO_MINUTES = 2;
const HIGH_MINUTES = 3;
const LOW_MINUTES = 15;
const LOW_SHARE = 0.9;
const SCALE_OUT_COOLDOWN_MS = 300_000;
export const SCALE_IN_COOLDOWN_S = 600;
const GRACE_MS = 3_600_000;

/** Minutes in a row in which each alarm's condition held. */
export interface AlarmMinutes {
  readonly withoutCapacity: number;
  readonly high: number;
  readonly low: number;
}

export function alarmMinutes(before: AlarmMinutes, backlog: number, instances: number, target: number): AlarmMinutes {
  const perInstance = instances === 0 ? undefined : backlog / instances;
  return {
    withoutCapacity: instances === 0 && backlog > 0 ? before.withoutCapacity + 1 : 0,
    high: perInstance !== undefined && perInstance > target ? before.high + 1 : 0,
    low: perInstance !== undefined && perInstance < LOW_SHARE * target ? before.low + 1 : 0,
  };
}

/** Instances wanted when the alarms have lasted so long; cooldowns apart. */
export function sagemakerDesired(minutes: AlarmMinutes, backlog: number, instances: number, target: number): number {
  if (minutes.withoutCapacity >= FROM_ZERO_MINUTES) return instances + 1;
  if (minutes.high >= HIGH_MINUTES) return Math.max(instances, Math.ceil(backlog / target));
  if (minutes.low >= LOW_MINUTES) return Math.min(instances, Math.ceil(backlog / target));
  return instances;
}

export function sagemakerAsync(target = BACKLOG_PER_INSTANCE, scaleInCooldownS = SCALE_IN_COOLDOWN_S): ScalingPolicy {
  return {
    name: 'sagemaker-async',
    knob: `backlog=${target} scale_in_cooldown=${scaleInCooldownS}`,
    tickMs: PERIOD_MS,
    poked: false,
    dispatch: 'random',
    scaler: (profile) => new SagemakerScaler(profile, target, scaleInCooldownS * 1000),
  };
}

class SagemakerScaler implements AppScaler {
  private minutes: AlarmMinutes = { withoutCapacity: 0, high: 0, low: 0 };
  private outAt = -Infinity;
  private inAt = -Infinity;

  constructor(
    private readonly profile: AppProfile,
    private readonly target: number,
    private readonly scaleInCooldownMs: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { min_concurrency: min, max_concurrency: max } = this.profile.spec;
    const instances = capacity(view).length;
    const backlog = demandOf(view);
    this.minutes = alarmMinutes(this.minutes, backlog, instances, this.target);
    const desired = clamp(sagemakerDesired(this.minutes, backlog, instances, this.target), min, max);
    if (desired > instances && view.now - this.outAt >= SCALE_OUT_COOLDOWN_MS) this.outAt = view.now;
    else if (desired < instances && this.cooledIn(view.now)) this.inAt = view.now;
    else return [];
    return resized(view, desired, GRACE_MS, youngestFirst);
  }

  nextLook(view: AppView): number {
    return capacity(view).length === 0 && demandOf(view) === 0 ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }

  private cooledIn(now: number): boolean {
    return now - Math.max(this.inAt, this.outAt) >= this.scaleInCooldownMs;
  }
}
