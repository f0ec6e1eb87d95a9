/** What the controller has learned about the apps that ask for the adaptive policy. */
import { lookAt, type Counted } from '../domain/app-look';
import type { AppRecord } from '../domain/app';
import { forecast, type Forecast } from '../domain/forecast';
import { learned, nothingLearned, type LearnedApp } from '../domain/learned-app';
import { ready, type RunnerRecord } from '../domain/runner';

/** Learned state of one app. Plain data: a controller that forgets between ticks can keep it with the app. */
export interface Learning extends Counted {
  readonly known: LearnedApp;
}

export class LearnedApps {
  constructor(private readonly learnings = new Map<string, Learning>()) {}

  /** Learns from a look and says what to expect; `undefined` for an app that keeps to fal's rules. */
  forecast(
    app: AppRecord,
    runners: readonly RunnerRecord[],
    requests: { readonly waiting: number; readonly inProgress: number },
    now: number,
  ): Forecast | undefined {
    if (app.spec.scaling_policy !== 'adaptive') {
      this.learnings.delete(app.id);
      return undefined;
    }
    const { known, ...counted } = this.learnings.get(app.id) ?? begin(runners, now);
    const seen = lookAt(counted, runners, requests, now);
    const next = learned(known, seen.look);
    this.learnings.set(app.id, { known: next, ...seen.counted });
    return forecast(next, app.spec, runners.filter(ready).length, now);
  }
}

/** Starts that are still on record are known from the beginning. */
function begin(runners: readonly RunnerRecord[], now: number): Learning {
  const { counted } = lookAt({ at: 0, taken: 0 }, runners, { waiting: 0, inProgress: 0 }, now);
  return { known: nothingLearned(now), at: 0, taken: counted.taken };
}
