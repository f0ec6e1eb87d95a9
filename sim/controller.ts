/**
 * The controller's `decide` as a policy. `decide` depends on the size that `targetSize` gives, on the runners and on
 * deadlines, so it is only asked when one of them changed; `always` asks it at every look, to prove that this is so.
 */
import type { AppSpec } from '../runtime/domain/app-spec';
import { alive, retireAt, starting, UNUSED_MS, type RunnerRecord } from '../runtime/domain/runner';
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
  private fleetVersion = -1;
  private deadline = Infinity;

  constructor(
    private readonly profile: AppProfile,
    private readonly always: boolean,
  ) {}

  look(view: AppView): readonly ScalingAction[] {
    const { spec } = this.profile;
    const overdue = view.waitingSince(view.now - spec.scaling_delay * 1000);
    const { target } = targetSize({ inProgress: view.inProgress, overdue }, spec);
    const same = target === this.target && view.fleetVersion === this.fleetVersion && view.now < this.deadline;
    if (same && !this.always) return NO_ACTIONS;
    this.target = target;
    this.fleetVersion = view.fleetVersion;
    this.deadline = nextDeadline(view, spec);
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
    return Math.min(this.deadline, view.nextWaitingAfter(view.now - delayMs) + delayMs);
  }

  retireAt(runner: RunnerRecord): number | undefined {
    return retireAt(runner, this.profile.spec);
  }
}

/** When `decide` may next say something else although nothing happened. */
function nextDeadline(view: AppView, spec: AppSpec): number {
  const later = (at: number): number => (at > view.now ? at : Infinity);
  let next = Math.min(later(startBackOff(view.runners).until), later(view.nextForgetting));
  for (const runner of view.runners) {
    if (!alive(runner)) continue;
    for (const at of deadlines(runner, spec)) next = Math.min(next, later(at));
  }
  return next;
}

function deadlines(runner: RunnerRecord, spec: AppSpec): readonly number[] {
  const { stateSince } = runner;
  const drain = runner.drain === undefined ? [] : [runner.drain.deadline];
  if (runner.state === 'TERMINATING') {
    return [stateSince + spec.termination_grace_period_seconds * 1000 + TERMINATION_LIMIT_MS];
  }
  if (!starting(runner)) return drain;
  const limits = {
    PENDING: [stateSince + UNUSED_MS, stateSince + PENDING_LIMIT_MS],
    DOCKER_PULL: [stateSince + PULL_LIMIT_MS],
    SETUP: [stateSince + spec.startup_timeout * 1000],
  };
  return [...drain, ...limits[runner.state as keyof typeof limits]];
}
