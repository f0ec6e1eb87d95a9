/** Runners retire on their own; this makes a decision of it that people can read: `1 → 0 runners: …`. */
import type { Decision } from '../domain/app';
import { alive, type RunnerRecord } from '../domain/runner';

/** What there was at the last look at an app. */
interface Look {
  readonly at: number;
  /** The runners that were there. */
  readonly present: ReadonlySet<string>;
}

/**
 * Remembers the last look. After a restart there was none, so what left meanwhile goes unsaid unless the time of that
 * look is known: the records of those runners still say why they left.
 */
export class Departures {
  private looks = new Map<string, Look>();

  /** `since` is when another controller looked last. */
  constructor(private since?: number) {}

  /** Another controller looked in the meantime, lastly at `since`: what was seen before counts no more. */
  resume(since: number): void {
    this.looks = new Map();
    this.since = since;
  }

  /** The decision that tells of the runners that left since the last look; `undefined` when none did. */
  note(app: string, runners: readonly RunnerRecord[], now: number): Decision | undefined {
    const last = this.looks.get(app);
    const present = runners.filter(alive);
    this.looks.set(app, { at: now, present: new Set(present.map((runner) => runner.id)) });
    const left = runners.filter((runner) => !alive(runner) && this.leftSince(last, runner, now));
    if (left.length === 0) return undefined;
    // Runners on their way out count until they are gone, so that three that leave one by one are 3 → 2, 2 → 1, 1 → 0.
    const remaining = present.length;
    const reasons = new Set(left.map((runner) => runner.exitReason ?? runner.exit ?? 'unknown'));
    return {
      app,
      at: now,
      reason: `${remaining + left.length} → ${remaining} runners: ${[...reasons].join('; ')}`,
      actions: left.map((runner) => `runner ${runner.id} left: ${runner.exit ?? 'unknown'}`),
      inputs: { remaining, left: left.length },
    };
  }

  private leftSince(last: Look | undefined, runner: RunnerRecord, now: number): boolean {
    if (last === undefined) return runner.stateSince >= (this.since ?? now);
    return last.present.has(runner.id) || runner.createdAt >= last.at;
  }
}
