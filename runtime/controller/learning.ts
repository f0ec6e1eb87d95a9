/**
 * What the controller has learned about the apps that ask for the adaptive policy. It is kept in memory and stored now and
 * then, so that a controller that takes over goes on with it.
 */
import type { AppRecord } from '../domain/app';
import { lookAt } from '../domain/app-look';
import { forecast, type Forecast } from '../domain/forecast';
import { learned, nothingLearned, type LearnedApp } from '../domain/learned-app';
import { learningOf, learningRecord, type Learning } from '../domain/learning-record';
import { ready, type RunnerRecord } from '../domain/runner';
import type { LearningStore } from '../ports';

/** What was learned is stored this often at the most: a write for each app that works. */
export const STORE_EVERY_MS = 60_000;

export interface LearnedAppsDependencies {
  readonly learnings: LearningStore;
  /** Told when what was learned could not be read or stored: the app is then learned anew, or stored later. */
  readonly onError: (error: unknown, doing: string) => void;
}

interface Kept extends Learning {
  readonly storedAt: number;
  /** Whether anything but time has passed since it was stored. */
  readonly changed: boolean;
}

export class LearnedApps {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly dependencies: LearnedAppsDependencies) {}

  /** Another controller may have learned more: what is stored is read again. */
  forget(): void {
    this.kept.clear();
  }

  /** Learns from a look and says what to expect; `undefined` for an app that keeps to fal's rules. */
  async forecast(
    app: AppRecord,
    runners: readonly RunnerRecord[],
    requests: { readonly waiting: number; readonly inProgress: number },
    now: number,
  ): Promise<Forecast | undefined> {
    if (app.spec.scaling_policy !== 'adaptive') {
      this.kept.delete(app.id);
      return undefined;
    }
    const before = this.kept.get(app.id) ?? (await this.recall(app.id, runners, now));
    const { look, counted } = lookAt(before, runners, requests, now);
    const known = learned(before.known, look);
    const changed = before.changed || !idle(before.known) || !idle(known) || look.begun > 0;
    this.kept.set(app.id, { ...before, ...counted, known, changed });
    if (changed && now - before.storedAt >= STORE_EVERY_MS) await this.store(app.id, now);
    return forecast(known, app.spec, runners.filter(ready).length, now);
  }

  /** Stores what is not stored yet: before the controller ends. */
  async storeAll(now: number): Promise<void> {
    for (const [app, { changed }] of this.kept) if (changed) await this.store(app, now);
  }

  private async recall(app: string, runners: readonly RunnerRecord[], now: number): Promise<Kept> {
    const found = await this.attempt(`reading what was learned about ${app}, which is learned anew`, async () => {
      const stored = await this.dependencies.learnings.get(app);
      const learning = learningOf(stored, now);
      if (stored !== undefined && learning === undefined)
        throw new Error('The record is damaged, old or of another version');
      return learning;
    });
    return { ...(found ?? begin(runners, now)), storedAt: now, changed: found === undefined };
  }

  private async store(app: string, now: number): Promise<void> {
    const kept = this.kept.get(app);
    if (kept === undefined) return;
    const { at, taken, known } = kept;
    // Also when it fails: a store that is ill is not asked at every look.
    this.kept.set(app, { ...kept, storedAt: now });
    await this.attempt(`storing what was learned about ${app}`, async () => {
      await this.dependencies.learnings.put(app, learningRecord({ at, taken, known }));
      this.kept.set(app, { ...kept, storedAt: now, changed: false });
    });
  }

  private async attempt<T>(doing: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      this.dependencies.onError(error, doing);
      return undefined;
    }
  }
}

function idle({ waiting, inProgress }: LearnedApp): boolean {
  return waiting + inProgress === 0;
}

/** Starts that are still on record are known from the beginning. */
function begin(runners: readonly RunnerRecord[], now: number): Learning {
  const { counted } = lookAt({ at: 0, taken: 0 }, runners, { waiting: 0, inProgress: 0 }, now);
  return { known: nothingLearned(now), at: 0, taken: counted.taken };
}
