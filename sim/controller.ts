/**
 * The controller's `decide` as a policy. What it does follows from the size that `targetSize` gives, from the runners and
 * from deadlines, so it is only asked when these leave it something to do; `always` asks it at every look, to prove that.
 */
import type { AppSpec } from '../runtime/domain/app-spec';
import { alive, ready, retireAt, starting, UNUSED_MS, type RunnerRecord } from '../runtime/domain/runner';
import { PENDING_LIMIT_MS, PULL_LIMIT_MS, TERMINATION_LIMIT_MS } from '../runtime/domain/runner-deadline';
import { decide, targetSize, type ScalingAction } from '../runtime/domain/scaling';
import { startBackOff } from '../runtime/domain/start-back-off';
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
  /** The fleet that `capacity` and `deadline` are about. */
  private countedFleet = -1;
  private capacity = 0;
  private deadline = Infinity;

  constructor(
    private readonly profile: AppProfile,
    private readonly always: boolean,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { spec } = this.profile;
    const overdue = view.waitingSince(view.now - spec.scaling_delay * 1000);
    const { target } = targetSize({ inProgress: view.inProgress, overdue }, spec);
    if (!this.always && this.nothingToDo(view, target)) return NO_ACTIONS;
    this.target = target;
    this.decidedFleet = view.fleetVersion;
    const observation = {
      revision: REVISION,
      strategy: 'rolling' as const,
      waiting: view.waiting,
      overdue,
      inProgress: view.inProgress,
      runners: view.runners,
      floors: { [REVISION]: view.floor },
    };
    return decide(observation, spec, view.now).actions;
  }

  nextLook(view: AppView): number {
    const delayMs = this.profile.spec.scaling_delay * 1000;
    this.count(view);
    return Math.min(this.deadline, view.nextWaitingAfter(view.now - delayMs) + delayMs);
  }

  retireAt(runner: RunnerRecord): number | undefined {
    return retireAt(runner, this.profile.spec);
  }

  /** Before the next deadline, a fleet that is large enough under the right floor stays, and so does one seen before. */
  private nothingToDo(view: AppView, target: number): boolean {
    if (view.now >= this.deadline) return false;
    this.count(view);
    if (view.floor === target && this.capacity >= target) return true;
    return target === this.target && view.fleetVersion === this.decidedFleet;
  }

  private count(view: AppView): void {
    if (view.fleetVersion === this.countedFleet && view.now < this.deadline) return;
    this.countedFleet = view.fleetVersion;
    this.capacity = 0;
    this.deadline = Infinity;
    let failed = false;
    for (const runner of view.runners) {
      if (ready(runner) || (starting(runner) && runner.drain === undefined)) this.capacity += 1;
      if (alive(runner)) this.note(runnerDeadline(runner, this.profile.spec, view.now), view.now);
      else failed ||= runner.readyAt === undefined;
    }
    if (!failed) return;
    this.note(startBackOff(view.runners).until, view.now);
    this.note(view.nextForgetting, view.now);
  }

  private note(at: number, now: number): void {
    if (at > now && at < this.deadline) this.deadline = at;
  }
}

/** When a runner next passes a deadline, or when a runner that waits for hardware may be given up; Infinity for never. */
function runnerDeadline(runner: RunnerRecord, spec: AppSpec, now: number): number {
  const drainAt = runner.drain === undefined || runner.drain.deadline <= now ? Infinity : runner.drain.deadline;
  return Math.min(drainAt, runner.stateSince + stateLimit(runner, spec, now));
}

function stateLimit(runner: RunnerRecord, spec: AppSpec, now: number): number {
  switch (runner.state) {
    case 'PENDING':
      return now < runner.stateSince + UNUSED_MS ? UNUSED_MS : PENDING_LIMIT_MS;
    case 'DOCKER_PULL':
      return PULL_LIMIT_MS;
    case 'SETUP':
      return spec.startup_timeout * 1000;
    case 'TERMINATING':
      return spec.termination_grace_period_seconds * 1000 + TERMINATION_LIMIT_MS;
    default:
      return Infinity;
  }
}
