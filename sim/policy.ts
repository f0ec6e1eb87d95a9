/**
 * What decides about runners in a simulation. The controller's `decide` and every peer are a `ScalingPolicy`; actions
 * are the controller's own (`ScalingAction`).
 */
import type { AppSpec } from '../runtime/domain/app-spec';
import type { RunnerRecord } from '../runtime/domain/runner';
import type { ScalingAction } from '../runtime/domain/scaling';
import type { Random } from './random';

/** What an operator knows of an app before it runs. */
export interface AppProfile {
  readonly id: string;
  readonly spec: AppSpec;
  /** GPUs of one runner. */
  readonly gpus: number;
  /** For policies whose target an operator must derive from it (requests a second that one runner can serve). */
  readonly meanServiceMs: number;
}

/** An app as a policy sees it at `now`. */
export interface AppView {
  readonly profile: AppProfile;
  /** Milliseconds since the start of the simulation. */
  readonly now: number;
  /** Requests that wait for a runner. */
  readonly waiting: number;
  readonly inProgress: number;
  /** Requests submitted since the start. */
  readonly arrivals: number;
  /** The integral of waiting + in progress over time, in request-milliseconds. */
  readonly demandIntegral: number;
  /** Runners that are not gone, and of those gone what back-off rules need. */
  readonly runners: readonly RunnerRecord[];
  /** Raised whenever `runners` differs in more than what the runners work on. */
  readonly fleetVersion: number;
  /** The floor under which no runner may retire. */
  readonly floor: number;
  /** Waiting requests that were submitted by then. */
  waitingSince(time: number): number;
  /** When the oldest waiting request after that time was submitted; Infinity when there is none. */
  nextWaitingAfter(time: number): number;
  /** When a runner that is gone is next forgotten; Infinity when none is remembered. */
  readonly nextForgetting: number;
}

/** Decides about one app; may remember what it saw. */
export interface AppScaler {
  look(view: AppView): readonly ScalingAction[];
  /** When it must look again although nothing happens in the app; Infinity for never. Asked after each look. */
  nextLook(view: AppView): number;
  /** When a runner leaves by itself because it is idle; undefined for one that only leaves when asked to. */
  retireAt(runner: RunnerRecord): number | undefined;
}

/** Who of several idle runners gets the next request. */
export type Dispatch =
  /** A queue wakes one at random, which claims at once. */
  | 'random'
  /** A queue wakes one at random, which claims after `claimDelay`: agents on SQS. */
  | 'random-delayed'
  /** The one that worked last is woken, which claims after `claimDelay`: agents on one machine. */
  | 'recent-delayed'
  /** The one that worked last, at once: what a central dispatcher can do. */
  | 'recent';

export interface ScalingPolicy {
  readonly name: string;
  /** The setting that was varied, `name=value`. */
  readonly knob: string;
  /** How often it looks at every app, ms. */
  readonly tickMs: number;
  /** True when a submit that finds no free slot makes it look at once. */
  readonly poked: boolean;
  readonly dispatch: Dispatch;
  /** How long a machine without runners stays, where the policy comes with its own rule; ms. */
  readonly machineKeepAliveMs?: number;
  /** Machines launched together for an app that has none; 1 where the policy has no rule. */
  readonly machinesFromZero?: number;
  scaler(profile: AppProfile, random: Random): AppScaler;
}

export const NO_ACTIONS: readonly ScalingAction[] = [];
