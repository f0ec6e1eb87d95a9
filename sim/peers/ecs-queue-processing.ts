/**
 * Amazon ECS with CDK's QueueProcessingEc2Service on a capacity provider with managed scaling. Published:
 * aws-cdk, `aws-ecs-patterns/lib/base/queue-processing-service-base.ts`; the ECS guide on cluster auto scaling;
 * containers-roadmap#653 and #1716. Step scaling on visible messages (requests in progress don't count), each 5 minutes:
 * none: one task fewer; 100 or more: one more; 500 or more: five more. At least one task by default, as from zero nothing
 * would start below 100 messages. A task that is stopped has 30 s. The CPU rule is left out: GPU work keeps CPUs idle.
 * Machines: two are started for a group that has none, and one that is empty leaves after 15 alarm minutes.
 */
import type { ScalingAction } from '../../runtime/domain/scaling';
import type { AppProfile, AppScaler, AppView, ScalingPolicy } from '../policy';
import { capacity, clamp, resized, youngestFirst } from './fleet';

const PERIOD_MS = 300_000;
const GRACE_MS = 30_000;
const SCALE_IN_MS = 15 * 60_000;
const FIRST_STEP = { from: 100, change: 1 };
const SECOND_STEP = { from: 500, change: 5 };

/** By how many tasks the service changes for so many visible messages. */
export function stepChange(visible: number): number {
  if (visible <= 0) return -1;
  if (visible >= SECOND_STEP.from) return SECOND_STEP.change;
  return visible >= FIRST_STEP.from ? FIRST_STEP.change : 0;
}

/** The metric of managed scaling, in percent, for machines needed and running. */
export function capacityProviderReservation(needed: number, running: number): number {
  if (running === 0) return needed === 0 ? 100 : 200;
  return (100 * needed) / running;
}

/** Machines that target tracking starts for an empty group: a metric of 200 asks for twice the least group of one. */
export const MACHINES_FROM_ZERO = capacityProviderReservation(1, 0) / 100;

export function ecsQueueProcessing(min = 1): ScalingPolicy {
  return {
    name: 'ecs-queue-processing',
    knob: `minScalingCapacity=${min}`,
    tickMs: PERIOD_MS,
    poked: false,
    dispatch: 'random',
    machineKeepAliveMs: SCALE_IN_MS,
    machinesFromZero: MACHINES_FROM_ZERO,
    scaler: (profile) => new StepScaler(profile, min),
  };
}

class StepScaler implements AppScaler {
  constructor(
    private readonly profile: AppProfile,
    private readonly min: number,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { max_concurrency: max } = this.profile.spec;
    const tasks = capacity(view).length;
    return resized(
      view,
      clamp(tasks + stepChange(view.waiting), Math.min(this.min, max), max),
      GRACE_MS,
      youngestFirst,
    );
  }

  nextLook(view: AppView): number {
    const settled = capacity(view).length <= this.min && view.waiting < FIRST_STEP.from;
    return settled ? Infinity : view.now + 1;
  }

  retireAt(): undefined {
    return undefined;
  }
}
