/** Runners in the fleet that no app answers for. */
import type { AppRecord } from '../domain/app';
import { alive, terminating } from '../domain/runner';
import { bury, change, type ActDependencies } from './act';
import type { FleetListing } from './observe';

/** What an orphan may still do is of no use to anybody; this lets it close its files. */
const ORPHAN_GRACE_MS = 5_000;

/**
 * Stops runners that have no record, whose record says that they are gone, or whose app was removed. Records are written
 * before a launch and the fleet was listed before they are read, so a runner without one is nobody's.
 */
export async function stopOrphans(
  dependencies: ActDependencies,
  apps: readonly AppRecord[],
  listing: FleetListing,
): Promise<void> {
  const { registry, fleet } = dependencies;
  const ids = new Set(apps.map((app) => app.id));
  for (const { id, running, exitReason } of listing.runners.values()) {
    const record = await registry.get(id);
    if (record !== undefined && alive(record)) {
      if (ids.has(record.app)) continue;
      if (!running) await bury(dependencies, record, 'stopped', exitReason ?? 'its app was removed');
      else await change(dependencies, id, (runner, now) => terminating(runner, 'stopped', 'its app was removed', now));
    }
    if (running) await fleet.stop(id, ORPHAN_GRACE_MS);
  }
}
