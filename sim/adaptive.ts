/** The controller with the adaptive policy: it learns at every look, and decides by what it learned. */
import { ALL_PARTS, forecast, type AdaptiveParts, type Forecast } from '../runtime/domain/forecast';
import { learned, nothingLearned, type LearnedApp } from '../runtime/domain/learned-app';
import { retireAt, type RunnerRecord } from '../runtime/domain/runner';
import { decide, targetSize, type ScalingAction } from '../runtime/domain/scaling';
import { controllerPolicy, LOCAL_TICK_MS, observationOf, type ControllerSettings } from './controller';
import { FleetWatch } from './fleet-watch';
import { NO_ACTIONS, type AppProfile, type AppScaler, type AppView, type ScalingPolicy } from './policy';

export interface AdaptiveSettings extends ControllerSettings {
  readonly parts?: AdaptiveParts;
  readonly name?: string;
}

export function adaptivePolicy(settings: AdaptiveSettings = {}): ScalingPolicy {
  const { spec = {}, parts = ALL_PARTS, tickMs = LOCAL_TICK_MS, name = 'adaptive' } = settings;
  return {
    ...controllerPolicy(settings),
    name,
    tickMs,
    scaler: (profile) => new AdaptiveScaler({ ...profile, spec: { ...profile.spec, ...spec } }, parts, tickMs),
  };
}

class AdaptiveScaler implements AppScaler {
  private known: LearnedApp = nothingLearned(0);
  private begun = 0;
  private readonly fleet: FleetWatch;
  private seenFleet = -1;
  private expected: Forecast | undefined;

  constructor(
    private readonly profile: AppProfile,
    private readonly parts: AdaptiveParts,
    private readonly tickMs: number,
  ) {
    this.fleet = new FleetWatch(profile.spec);
  }

  look(view: AppView): readonly ScalingAction[] {
    this.learn(view);
    const { spec } = this.profile;
    const overdue = view.waitingSince(view.now - spec.scaling_delay * 1000);
    const { target } = targetSize({ inProgress: view.inProgress, overdue }, spec);
    const atDeadline = view.now >= this.fleet.deadline;
    this.fleet.see(view);
    const expected = forecast(this.known, spec, this.fleet.ready, view.now, this.parts);
    this.expected = expected;
    const standing = Math.max(expected.expected, expected.staying);
    const enough = view.floor === target && this.fleet.capacity >= target && standing <= target;
    if (!atDeadline && enough && expected.kept >= this.fleet.ready) return NO_ACTIONS;
    const observation = {
      ...observationOf(view, overdue),
      forecast: expected,
      impatient: view.waitingSince(view.now - expected.patienceMs),
    };
    return decide(observation, spec, view.now).actions;
  }

  nextLook(view: AppView): number {
    // What is expected of a queue changes all the time.
    if (view.waiting > 0) return view.now + this.tickMs;
    const delayMs = this.profile.spec.scaling_delay * 1000;
    this.fleet.see(view);
    const changesAt = this.expected?.changesAt ?? Infinity;
    return Math.min(
      this.fleet.deadline,
      view.nextWaitingAfter(view.now - delayMs) + delayMs,
      changesAt > view.now ? changesAt : Infinity,
    );
  }

  retireAt(runner: RunnerRecord): number | undefined {
    return retireAt(runner, this.profile.spec);
  }

  private learn(view: AppView): void {
    const begun = view.arrivals - view.waiting;
    this.known = learned(this.known, {
      now: view.now,
      waiting: view.waiting,
      inProgress: view.inProgress,
      begun: Math.max(0, begun - this.begun),
      startsMs: this.endedStarts(view),
    });
    this.begun = begun;
  }

  private endedStarts(view: AppView): readonly number[] {
    if (view.fleetVersion === this.seenFleet) return [];
    this.seenFleet = view.fleetVersion;
    const { at } = this.known;
    return view.runners.flatMap(({ readyAt, createdAt }) =>
      readyAt !== undefined && readyAt > at && readyAt <= view.now ? [readyAt - createdAt] : [],
    );
  }
}
