import type { RunnerRecord } from '../domain/runner';
import type { Clock, RunnerRegistry } from '../ports';

/** A runner's own record, which others change too: the controller asks it to drain, or writes it off. */
export class OwnRecord {
  #latest: RunnerRecord;

  constructor(
    private readonly runners: RunnerRegistry,
    private readonly clock: Clock,
    record: RunnerRecord,
  ) {
    this.#latest = record;
  }

  /** As it was last seen. */
  get latest(): RunnerRecord {
    return this.#latest;
  }

  async refresh(): Promise<RunnerRecord | undefined> {
    const current = await this.runners.get(this.#latest.id);
    if (current !== undefined) this.#latest = current;
    return current;
  }

  /** Applies a move until it is stored, or returns `undefined` when it is no longer allowed. */
  async update(
    move: (runner: RunnerRecord, now: number) => RunnerRecord | undefined,
  ): Promise<RunnerRecord | undefined> {
    for (;;) {
      const current = await this.refresh();
      const next = current && move(current, this.clock.now());
      if (next === undefined) return undefined;
      if (await this.runners.replace(next)) return (this.#latest = next);
    }
  }
}
