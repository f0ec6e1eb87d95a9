/**
 * The controller's `decide` as a policy. What it does follows from the size that `targetSize` gives, from the runners and
 * from deadlines, so it is only asked when these leave it something to do; `always` asks it at every look, to prove that.
 */
import type { AppSpec } from '../runtime/domain/app-spec';
import { retireAt, type RunnerRecord } from '../runtime/domain/runner';
import { decide, targetSize, type Observation, type ScalingAction } from '../runtime/domain/scaling';
import { FleetWatch } from './fleet-watch';
import { NO_ACTIONS, type AppProfile, type AppScaler, type AppView, type Dispatch, type ScalingPolicy } from './policy';

export interface ControllerSettings {
  /** Changes to the spec of every app. */
  readonly spec?: Partial<AppSpec>;
  readonly knob?: string;
  readonly tickMs?: number;
  readonly dispatch?: Dispatch;
  /** Asks `decide` at every look. */
  readonly always?: boolean;
}

/** The one revision that a simulated app has. */
export const REVISION = 'r1';

export const LOCAL_TICK_MS = 1_000;

export function controllerPolicy(settings: ControllerSettings = {}): ScalingPolicy {
  const { spec = {}, always = false } = settings;
  return {
    name: 'controller',
    knob: settings.knob ?? 'default',
    tickMs: settings.tickMs ?? LOCAL_TICK_MS,
    poked: true,
    dispatch: settings.dispatch ?? 'random-delayed',
    scaler: (profile) => new ControllerScaler({ ...profile, spec: { ...profile.spec, ...spec } }, always),
  };
}

class ControllerScaler implements AppScaler {
  private target = -1;
  /** The fleet that `decide` saw last. */
  private decidedFleet = -1;
  private readonly fleet: FleetWatch;

  constructor(
    private readonly profile: AppProfile,
    private readonly always: boolean,
  ) {
    this.fleet = new FleetWatch(profile.spec);
  }

  look(view: AppView): readonly ScalingAction[] {
    const { spec } = this.profile;
    const overdue = view.waitingSince(view.now - spec.scaling_delay * 1000);
    const { target } = targetSize({ inProgress: view.inProgress, overdue }, spec);
    if (!this.always && this.nothingToDo(view, target)) return NO_ACTIONS;
    this.target = target;
    this.decidedFleet = view.fleetVersion;
    return decide(observationOf(view, overdue), spec, view.now).actions;
  }

  nextLook(view: AppView): number {
    const delayMs = this.profile.spec.scaling_delay * 1000;
    this.fleet.see(view);
    return Math.min(this.fleet.deadline, view.nextWaitingAfter(view.now - delayMs) + delayMs);
  }

  retireAt(runner: RunnerRecord): number | undefined {
    return retireAt(runner, this.profile.spec);
  }

  /** Before the next deadline, a fleet that is large enough under the right floor stays, and so does one seen before. */
  private nothingToDo(view: AppView, target: number): boolean {
    if (view.now >= this.fleet.deadline) return false;
    this.fleet.see(view);
    if (view.floor === target && this.fleet.capacity >= target) return true;
    return target === this.target && view.fleetVersion === this.decidedFleet;
  }
}

/** What `decide` is shown of a simulated app. */
export function observationOf(view: AppView, overdue: number): Observation {
  return {
    revision: REVISION,
    strategy: 'rolling',
    waiting: view.waiting,
    overdue,
    inProgress: view.inProgress,
    runners: view.runners,
    floors: { [REVISION]: view.floor },
  };
}
