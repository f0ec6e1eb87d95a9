/** Runners in the fleet that no app answers for. */
import type { AppRecord } from '../domain/app';
import { alive, terminating } from '../domain/runner';
import type { FleetRunner } from '../ports';
import { bury, change, type ActDependencies } from './act';
import type { FleetListing } from './observe';

/** What an orphan may still do is of no use to anybody; this lets it close its files. */
const ORPHAN_GRACE_MS = 5_000;

/**
 * Stops runners that have no record, whose record says that they are gone, or whose app was removed. Records are written
 * before a launch and the fleet was listed before they are read, so a runner without one is nobody's.
 */
export class Orphans {
  /** Ended runners whose records say so: a fleet may list them for long. */
  private settled = new Set<string>();

  constructor(private readonly dependencies: ActDependencies) {}

  async stop(apps: readonly AppRecord[], listing: FleetListing): Promise<void> {
    const ids = new Set(apps.map((app) => app.id));
    const settled = new Set<string>();
    for (const listed of listing.runners.values()) {
      if (this.settled.has(listed.id) || (await this.settle(ids, listed))) settled.add(listed.id);
    }
    this.settled = settled;
  }

  /** True when there is nothing more to do about a runner. */
  private async settle(apps: ReadonlySet<string>, { id, running, exitReason }: FleetRunner): Promise<boolean> {
    const { registry, fleet } = this.dependencies;
    const record = await registry.get(id);
    if (record !== undefined && alive(record)) {
      if (apps.has(record.app)) return false;
      const reason = 'its app was removed';
      if (running) await change(this.dependencies, id, (runner, now) => terminating(runner, 'stopped', reason, now));
      else await bury(this.dependencies, record, 'stopped', exitReason ?? reason);
    }
    if (running) await fleet.stop(id, ORPHAN_GRACE_MS);
    return !running;
  }
}
