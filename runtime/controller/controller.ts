/**
 * The controller: observe → decide → act, then sweep the queue and send due webhooks. It keeps no state that matters: all
 * of it is in the stores, and a tick that died half-way is finished by the next.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AppChanges } from '../apps/app-changes';
import type { AppRecord, Decision } from '../domain/app';
import { closingReason, decideClosing } from '../domain/closing';
import { lastGood } from '../domain/revisions';
import type { RequestHead } from '../domain/request';
import type { RunnerRecord } from '../domain/runner';
import { decide, type Observation, type ScalingAction } from '../domain/scaling';
import { describe, explain } from '../domain/scaling-reason';
import { unavailable } from '../domain/start-back-off';
import type { AppStore, Clock, Fleet, LearningStore, RequestStore, RunnerRegistry } from '../ports';
import type { RequestQueue } from '../queue/request-queue';
import { act, bury, releaseGone } from './act';
import { Departures } from './departures';
import { LearnedApps } from './learning';
import { departure, listFleet, listReadySets, listRunners, observe, type FleetListing } from './observe';
import { Orphans } from './orphans';
import type { WebhookDelivery } from './webhook-delivery';

/** Pokes start passes at most this often: a submit may poke for every request while all runners are busy. */
export const POKE_INTERVAL_MS = 100;

export interface ControllerDependencies {
  readonly apps: AppStore;
  readonly requests: RequestStore;
  readonly queue: Pick<RequestQueue, 'sweep' | 'giveUpRuns'>;
  readonly registry: RunnerRegistry;
  readonly fleet: Fleet;
  readonly learnings: LearningStore;
  readonly clock: Clock;
  readonly webhooks: Pick<WebhookDelivery, 'deliverDue'>;
  /** Told each decision that was recorded: a line for the log. */
  readonly onDecision?: (decision: Decision) => void;
  /** Told what was seen of an app: for metrics. */
  readonly onLook?: (app: AppRecord, observation: Observation) => void;
  /** Told of requests that a sweep changed. */
  readonly onSwept?: (heads: readonly RequestHead[]) => void;
  /** Told what went wrong in one part of a tick; the other parts go on, and the next tick tries again. */
  readonly onError: (error: unknown, doing: string) => void;
}

/** Which apps a pass looks at; `all` also covers what belongs to no single app. */
type Scope = Set<string> | 'all';

export class Controller {
  private readonly departures = new Departures();
  private readonly learned: LearnedApps;
  private readonly orphans: Orphans;
  private readonly changes: AppChanges;
  private last: Promise<void> = Promise.resolve();
  private lastBegan = -Infinity;
  private closed = false;
  /** Launches so far. */
  private launches = 0;
  private upcoming: { scope: Scope; readonly done: Promise<void> } | undefined;

  constructor(private readonly dependencies: ControllerDependencies) {
    this.learned = new LearnedApps(dependencies);
    this.orphans = new Orphans(dependencies);
    this.changes = new AppChanges(dependencies.apps, dependencies.clock);
  }

  /** For one of several controllers that take turns: another one looked around last at `since`, ms since the epoch. */
  resume(since: number): void {
    this.departures.resume(since);
    this.learned.forget();
  }

  /** One full pass. Resolves when it has ended, whatever went wrong in it (`onError` says). */
  tick(): Promise<void> {
    return this.pass('all', 0);
  }

  /**
   * Asks for a pass over one app (or all) as soon as may be. Passes never overlap: however often this is called while one
   * runs, one more follows. Resolves when a pass that began after the call has ended.
   */
  poke(app?: string): Promise<void> {
    return this.pass(app === undefined ? 'all' : new Set([app]), POKE_INTERVAL_MS);
  }

  /** Begins no further pass. Resolves when the one that runs has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.last;
    await this.learned.storeAll(this.dependencies.clock.now());
  }

  private pass(scope: Scope, intervalMs: number): Promise<void> {
    if (this.upcoming !== undefined) {
      this.upcoming.scope = union(this.upcoming.scope, scope);
      return this.upcoming.done;
    }
    const upcoming = { scope, done: this.last.then(() => this.begin(intervalMs)) };
    this.upcoming = upcoming;
    this.last = upcoming.done.catch(() => undefined);
    return upcoming.done;
  }

  private async begin(intervalMs: number): Promise<void> {
    const early = this.lastBegan + intervalMs - performance.now();
    if (intervalMs > 0 && early > 0) await pause(early);
    this.lastBegan = performance.now();
    const scope = this.upcoming?.scope ?? 'all';
    this.upcoming = undefined;
    if (this.closed) return;
    await this.attempt('looking after runners', () => this.lookAfterRunners(scope));
    if (scope !== 'all') return;
    await this.attempt('sweeping the queue', () => this.sweep());
    await this.attempt('sending webhooks', () => this.dependencies.webhooks.deliverDue());
  }

  private async lookAfterRunners(scope: Scope): Promise<void> {
    const { apps, fleet, clock } = this.dependencies;
    if (scope === 'all') await this.settle();
    const listing = await listFleet(fleet, clock);
    const all = await apps.list();
    const launchesBefore = this.launches;
    for (const app of all) {
      if (scope !== 'all' && !scope.has(app.id)) continue;
      await this.attempt(`scaling ${app.id}`, () => this.scale(app, listing));
    }
    if (this.launches > launchesBefore) await this.settle();
    if (scope === 'all') await this.orphans.stop(all, listing);
  }

  private async settle(): Promise<void> {
    await this.attempt('finding machines for runners', async () => this.dependencies.fleet.settle?.());
  }

  private async scale(listed: AppRecord, listing: FleetListing): Promise<void> {
    const { requests, registry, clock } = this.dependencies;
    const runners = await this.withoutDeparted(listed, listing);
    await this.noteDepartures(listed, runners);
    const app = await this.judge(listed, runners);
    const sets = await listReadySets(registry, app, runners);
    await releaseGone(registry, app.id, sets, runners);
    const now = clock.now();
    const observation = await this.foreseen(app, await observe(requests, app, runners, sets, now), now);
    this.dependencies.onLook?.(app, observation);
    if (app.closingSince !== undefined) return this.sendAway(app, observation, app.closingSince);
    const decision = decide(observation, app.spec, now);
    await this.carryOut(app, decision.actions);
    await this.giveUpRuns(app, runners, now);
    // A floor follows the demand; by itself it is no news to anybody.
    if (!decision.actions.some(isNews)) return;
    const explained = explain(observation, app.spec, decision, now);
    await this.record({ app: app.id, at: now, ...explained, actions: decision.actions.map(describe) });
  }

  /** Stores what the runners show about the current revision, and says so when it is good or fails for the first time. */
  private async judge(listed: AppRecord, runners: readonly RunnerRecord[]): Promise<AppRecord> {
    const app = await this.changes.judge(listed, runners);
    if (app === undefined) return listed;
    const reason = verdict(listed, app);
    const inputs = { revision: app.revision };
    if (reason !== undefined)
      await this.record({ app: app.id, at: this.dependencies.clock.now(), reason, actions: [], inputs });
    return app;
  }

  private async sendAway(app: AppRecord, observation: Observation, since: number): Promise<void> {
    const now = this.dependencies.clock.now();
    const actions = decideClosing(observation, app.spec, since, now);
    await this.carryOut(app, actions);
    if (!actions.some(isNews)) return;
    const inputs = { closingSince: since };
    await this.record({
      app: app.id,
      at: now,
      reason: closingReason(actions),
      actions: actions.map(describe),
      inputs,
    });
  }

  /** The observation with what is expected, where the app asks for the adaptive policy. */
  private async foreseen(app: AppRecord, observation: Observation, now: number): Promise<Observation> {
    const forecast = await this.learned.forecast(app, observation.runners, observation, now);
    if (forecast === undefined) return observation;
    const { waitingSince } = await this.dependencies.requests.backlog(app.id, now - forecast.patienceMs);
    return { ...observation, forecast, impatient: waitingSince };
  }

  private async carryOut(app: AppRecord, actions: readonly ScalingAction[]): Promise<void> {
    for (const action of actions) {
      if (action.kind === 'launch') this.launches++;
      await this.attempt(`${describe(action)} of ${app.id}`, () => act(this.dependencies, app, action));
    }
  }

  private async giveUpRuns(app: AppRecord, runners: readonly RunnerRecord[], now: number): Promise<void> {
    const outcome = unavailable(runners, app.revision, now);
    if (outcome !== undefined) await this.dependencies.queue.giveUpRuns(app.id, outcome);
  }

  /** The records of an app, once those of runners that are gone say so. */
  private async withoutDeparted(app: AppRecord, listing: FleetListing): Promise<readonly RunnerRecord[]> {
    const { registry, clock } = this.dependencies;
    const runners = await listRunners(registry, app.id, clock.now());
    let changed = false;
    for (const runner of runners) {
      const gone = departure(runner, listing);
      if (gone !== undefined) await bury(this.dependencies, runner, gone.exit, gone.reason);
      changed ||= gone !== undefined;
    }
    return changed ? listRunners(registry, app.id, clock.now()) : runners;
  }

  private async noteDepartures(app: AppRecord, runners: readonly RunnerRecord[]): Promise<void> {
    const decision = this.departures.note(app.id, runners, this.dependencies.clock.now());
    if (decision !== undefined) await this.record(decision);
  }

  private async record(decision: Decision): Promise<void> {
    this.dependencies.onDecision?.(decision);
    await this.dependencies.apps.recordDecision(decision);
  }

  private async sweep(): Promise<void> {
    const apps = await this.dependencies.apps.list();
    const changed = await this.dependencies.queue.sweep(apps.map((app) => app.id));
    if (changed.length > 0) this.dependencies.onSwept?.(changed);
  }

  private async attempt(doing: string, step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.dependencies.onError(error, doing);
    }
  }
}

/** What a change of the record says about the revision, in words; `undefined` when it was known to fail. */
function verdict(before: AppRecord, { revision, readyAt, failure }: AppRecord): string | undefined {
  const good = lastGood(before);
  if (readyAt !== undefined) return good && `revision ${revision} had its first READY runner and takes over`;
  if (before.failure !== undefined || good === undefined) return undefined;
  return `revision ${revision} did not start (${failure?.reason ?? 'unknown'}): revision ${good.revision} stays`;
}

function isNews(action: ScalingAction): boolean {
  return action.kind !== 'setFloor';
}

function union(a: Scope, b: Scope): Scope {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}
