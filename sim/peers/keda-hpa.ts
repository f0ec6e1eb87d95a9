/**
 * KEDA's `aws-sqs-queue` scaler with Kubernetes' horizontal pod autoscaler. Published: kedacore/keda@8b4f083,
 * `pkg/scalers/aws_sqs_queue_scaler.go` and `pkg/scaling/executor/scale_scaledobjects.go`; kubernetes,
 * `replica_calculator.go` and the documentation of the autoscaler. Metric: messages visible and in flight
 * (`scaleOnInFlight`), a target of `queueLength` (5) for each pod. KEDA polls every 30 s: from zero to
 * max(1, minReplicas); back to zero when inactive for `cooldownPeriod` (300 s). In between the autoscaler decides every
 * 15 s: nothing within a tolerance of 10 %, up by at most max(100 %, 4 pods), down to the highest recommendation of the
 * last 300 s. Victims are chosen without regard to what they work on; they have Kubernetes' default grace of 30 s.
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, demandOf, resized, youngestFirst } from './fleet';

export const QUEUE_LENGTH = 5;
export const COOLDOWN_S = 300;
const HPA_PERIOD_MS = 15_000;
const POLLING_MS = 30_000;
const TOLERANCE = 0.1;
const STABILIZATION_MS = 300_000;
const GRACE_MS = 30_000;

/** The autoscaler's recommendation before stabilization, for at least one pod. */
export function hpaRecommendation(messages: number, queueLength: number, replicas: number): number {
  const ratio = messages / (queueLength * replicas);
  return Math.abs(1 - ratio) <= TOLERANCE ? replicas : Math.ceil(messages / queueLength);
}

/** Pods at most after one period. */
export function hpaScaleUpLimit(replicas: number): number {
  return Math.max(2 * replicas, replicas + 4);
}

export function kedaHpa(queueLength = QUEUE_LENGTH, cooldownS = COOLDOWN_S): ScalingPolicy {
  return {
    name: 'keda-hpa',
    knob: `queueLength=${queueLength} cooldownPeriod=${cooldownS}`,
    tickMs: HPA_PERIOD_MS,
    poked: false,
    dispatch: 'random',
    scaler: (profile) => new KedaScaler(profile, queueLength, cooldownS * 1000),
  };
}

class KedaScaler implements AppScaler {
  private lastActive = -Infinity;
  private recommendations: { readonly at: number; readonly replicas: number }[] = [];

  constructor(
    private readonly profile: AppProfile,
    private readonly queueLength: number,
    private readonly cooldownMs: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { min_concurrency: min } = this.profile.spec;
    const replicas = capacity(view).length;
    const messages = demandOf(view);
    const polls = view.now % POLLING_MS === 0;
    if (polls && messages > 0) this.lastActive = view.now;
    let desired: number;
    if (replicas === 0) desired = polls && messages > 0 ? Math.max(1, min) : min;
    else if (polls && messages === 0 && min === 0 && view.now - this.lastActive > this.cooldownMs) desired = 0;
    else desired = this.stabilized(view.now, messages, replicas);
    return resized(view, desired, GRACE_MS, youngestFirst);
  }

  nextLook(view: AppView): number {
    return capacity(view).length === 0 && demandOf(view) === 0 ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }

  private stabilized(now: number, messages: number, replicas: number): number {
    const { min_concurrency: min, max_concurrency: max } = this.profile.spec;
    const wanted = clamp(hpaRecommendation(messages, this.queueLength, replicas), Math.max(1, min), max);
    this.recommendations = this.recommendations.filter(({ at }) => now - at < STABILIZATION_MS);
    this.recommendations.push({ at: now, replicas: wanted });
    if (wanted >= replicas) return Math.min(wanted, hpaScaleUpLimit(replicas));
    return Math.min(replicas, Math.max(...this.recommendations.map((recommendation) => recommendation.replicas)));
  }
}
