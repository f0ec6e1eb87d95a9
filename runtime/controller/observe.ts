/** What the controller looks at before it decides. */
import type { AppRecord } from '../domain/app';
import { trialOf, verifying } from '../domain/revisions';
import { alive, starting, type RunnerExit, type RunnerRecord } from '../domain/runner';
import type { Observation } from '../domain/scaling';
import { BACK_OFF_MEMORY_MS } from '../domain/start-back-off';
import type { Clock, Fleet, FleetRunner, RequestStore, RunnerRegistry } from '../ports';

/** What the fleet listed, and when it was asked. Taken before any record is read: whatever runs has a record by then. */
export interface FleetListing {
  readonly at: number;
  readonly runners: ReadonlyMap<string, FleetRunner>;
}

export async function listFleet(fleet: Fleet, clock: Clock): Promise<FleetListing> {
  const at = clock.now();
  return { at, runners: new Map((await fleet.list()).map((runner) => [runner.id, runner])) };
}

/** Records of an app: all runners that are not gone, and those that a back-off may build on. */
export function listRunners(registry: RunnerRegistry, app: string, now: number): Promise<readonly RunnerRecord[]> {
  return registry.list(app, now - BACK_OFF_MEMORY_MS);
}

/** The READY set of one revision. */
export interface ReadySet {
  readonly revision: string;
  readonly floor: number;
  readonly runners: readonly string[];
}

/** The READY sets of the current revision, of the one it falls back to and of all that have runners or lately had. */
export async function listReadySets(
  registry: RunnerRegistry,
  app: AppRecord,
  runners: readonly RunnerRecord[],
): Promise<readonly ReadySet[]> {
  const { revision: current } = app;
  const fallback = trialOf(app)?.fallback ?? current;
  const revisions = new Set([current, fallback, ...runners.map((runner) => runner.revision)]);
  return Promise.all(
    [...revisions].map(async (revision) => ({ revision, ...(await registry.readySet(app.id, revision)) })),
  );
}

export async function observe(
  requests: RequestStore,
  app: AppRecord,
  runners: readonly RunnerRecord[],
  sets: readonly ReadySet[],
  now: number,
): Promise<Observation> {
  const backlog = await requests.backlog(app.id, now - app.spec.scaling_delay * 1000);
  const trial = trialOf(app);
  return {
    revision: app.revision,
    strategy: app.strategy ?? 'rolling',
    waiting: backlog.waiting,
    overdue: backlog.waitingSince,
    inProgress: backlog.inProgress,
    ...(backlog.oldestWaitingAt === undefined ? {} : { oldestWaitingAt: backlog.oldestWaitingAt }),
    runners,
    floors: Object.fromEntries(sets.map((set) => [set.revision, set.floor])),
    ...(trial === undefined ? {} : { trial }),
    ...(verifying(app, now) ? { verify: true } : {}),
  };
}

/** A runner may be missing from the fleet's listing for this long after its record was written: it is being launched. */
export const LAUNCH_GRACE_MS = 30_000;

/** Why a runner is gone although its record does not say so; `undefined` while it may be there. */
export function departure(
  runner: RunnerRecord,
  listing: FleetListing,
): { readonly exit: RunnerExit; readonly reason: string } | undefined {
  if (!alive(runner)) return undefined;
  const listed = listing.runners.get(runner.id);
  if (listed?.running) return undefined;
  if (listed !== undefined)
    return { exit: unaskedExit(runner), reason: listed.exitReason ?? 'it ended without a reason' };
  if (listing.at - runner.createdAt < LAUNCH_GRACE_MS) return undefined;
  if (runner.state === 'PENDING') return { exit: 'scheduling_failed', reason: 'it was recorded but never launched' };
  return { exit: 'lost', reason: 'it vanished from the machine it ran on' };
}

function unaskedExit(runner: RunnerRecord): RunnerExit {
  if (runner.drain !== undefined) return 'drained';
  return starting(runner) ? 'startup_failed' : 'crashed';
}
