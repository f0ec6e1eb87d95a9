/**
 * The revisions of an app: which one runs, which one is good, what failed starts fall back to. As in `request.ts`, a move
 * takes a record and returns the next one; the caller stores it with one conditional write (`AppStore.replace`).
 */
import type { AppRecord, Revision } from './app';
import { failedToStart } from './start-back-off';
import { overridden, type ScaleOverrides } from './scale-overrides';
import type { RunnerRecord } from './runner';
import type { Trial } from './revision-trial';
import { UserError } from './user-error';

/** Earlier revisions that are kept. The latest good one always is. */
export const REVISIONS_KEPT = 5;

/** What is deployed: a revision, and what holds for the app whatever its revision. */
export type NewDeployment = Pick<AppRecord, 'id' | 'revision' | 'spec' | 'strategy' | 'deployment'>;

/**
 * The record after a deployment. Deploying the current revision again changes its settings alone. What was changed by hand
 * stays: overrides of the scaling, and a revision that was set aside until another one is deployed.
 */
export function deployed(before: AppRecord | undefined, deployment: NewDeployment, now: number): AppRecord {
  if (before === undefined) return { ...deployment, deployedAt: now };
  if (deployment.revision === before.setAside) return before;
  const { id: _same, strategy, ...wanted } = deployment;
  const changed = wanted.revision !== before.revision;
  const revision = changed ? again(before, { ...wanted, deployedAt: now }) : { ...revisionOf(before), ...wanted };
  const next = changed ? switchedTo(before, revision) : withRevision(before, revision);
  const { strategy: _former, ...rest } = next;
  return { ...rest, ...(strategy === undefined ? {} : { strategy }) };
}

/**
 * Makes an earlier revision the current one: the latest good one unless another is named. Throws a `UserError` when there
 * is no such revision.
 */
export function rolledBack(app: AppRecord, to?: string): AppRecord {
  const target = to === undefined ? lastGood(app) : (app.earlier ?? []).find(({ revision }) => revision === to);
  if (target === undefined) throw new UserError(noRevision(app, to));
  return { ...switchedTo(app, target), setAside: app.setAside ?? app.revision };
}

/** The record without one of the earlier revisions. Throws a `UserError` for one that is current or still needed. */
export function withoutRevision(app: AppRecord, revision: string): AppRecord {
  if (revision === app.revision) {
    throw new UserError(`${revision} is the current revision of ${app.id}: set another one first, or delete the app`);
  }
  const earlier = (app.earlier ?? []).filter((one) => one.revision !== revision);
  if (earlier.length === (app.earlier ?? []).length) throw new UserError(noRevision(app, revision));
  if (app.readyAt === undefined && lastGood(app)?.revision === revision) {
    throw new UserError(`${revision} is what ${app.id} falls back to until a runner of ${app.revision} is ready`);
  }
  return { ...app, earlier };
}

/** The app as it was with one of its revisions: what a runner of that revision is started and served with. */
export function atRevision(app: AppRecord, revision: string): AppRecord | undefined {
  if (revision === app.revision) return app;
  const found = (app.earlier ?? []).find((earlier) => earlier.revision === revision);
  return found && withRevision(app, found);
}

/** The latest revision before the current one that is good. */
export function lastGood(app: AppRecord): Revision | undefined {
  return (app.earlier ?? []).find(({ readyAt }) => readyAt !== undefined);
}

/** Set while the current revision is on trial: none of its runners was READY, and an earlier revision is good. */
export function trialOf(app: AppRecord): Trial | undefined {
  const good = app.readyAt === undefined ? lastGood(app) : undefined;
  return good && { fallback: good.revision, failed: app.failure !== undefined };
}

/** True while a runner is wanted for no other reason than to see whether the revision gets READY. */
export function verifying(app: AppRecord, now: number): boolean {
  return app.readyAt === undefined && app.failure === undefined && (app.verifyUntil ?? 0) > now;
}

/** What the runners say about the current revision: the record that says so too, `undefined` when that is nothing new. */
export function judged(app: AppRecord, runners: readonly RunnerRecord[]): AppRecord | undefined {
  if (app.readyAt !== undefined) return undefined;
  const own = runners.filter(({ revision, createdAt }) => revision === app.revision && createdAt >= app.deployedAt);
  const readyAt = Math.min(...own.map((runner) => runner.readyAt ?? Infinity));
  if (readyAt < Infinity) {
    const { failure: _overcome, verifyUntil: _done, ...rest } = app;
    return { ...rest, readyAt };
  }
  const last = own.filter(failedToStart).sort((a, b) => b.stateSince - a.stateSince)[0];
  if (last === undefined || (app.failure?.at ?? -1) >= last.stateSince) return undefined;
  return { ...app, failure: { at: last.stateSince, reason: last.exitReason ?? last.exit ?? 'unknown' } };
}

/** Wants a runner of the current revision until a time, unless it is known to be good. */
export function toVerify(app: AppRecord, until: number): AppRecord {
  if (app.readyAt !== undefined) return app;
  return { ...app, verifyUntil: until };
}

/** The app is being removed. */
export function closed(app: AppRecord, now: number): AppRecord {
  return app.closingSince === undefined ? { ...app, closingSince: now } : app;
}

export function reopened(app: AppRecord): AppRecord {
  const { closingSince: _past, ...rest } = app;
  return app.closingSince === undefined ? app : rest;
}

function switchedTo(app: AppRecord, revision: Revision): AppRecord {
  const { setAside: _former, verifyUntil: _other, ...rest } = app;
  const others = [revisionOf(app), ...(app.earlier ?? [])].filter((old) => old.revision !== revision.revision);
  return { ...withRevision(rest, revision), earlier: kept(others) };
}

/** A revision that is deployed once more is as good as it was. */
function again(app: AppRecord, revision: Revision): Revision {
  const before = (app.earlier ?? []).find((earlier) => earlier.revision === revision.revision);
  return before?.readyAt === undefined ? revision : { ...revision, readyAt: before.readyAt };
}

function withRevision(app: AppRecord, revision: Revision): AppRecord {
  const { deployment: _d, readyAt: _r, failure: _f, scale, ...rest } = app;
  const overrides: ScaleOverrides | undefined = scale?.overrides;
  return { ...rest, ...revision, ...overridden(revision.spec, overrides) };
}

/** The current revision as it was deployed. */
function revisionOf(app: AppRecord): Revision {
  const { revision, deployedAt, deployment, readyAt, failure } = app;
  return {
    revision,
    spec: { ...app.spec, ...app.scale?.deployed },
    deployedAt,
    ...(deployment === undefined ? {} : { deployment }),
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function kept(revisions: readonly Revision[]): readonly Revision[] {
  const good = revisions.find(({ readyAt }) => readyAt !== undefined);
  const latest = revisions.slice(0, REVISIONS_KEPT);
  return good === undefined || latest.includes(good) ? latest : [...latest.slice(0, -1), good];
}

function noRevision(app: AppRecord, wanted: string | undefined): string {
  const known = (app.earlier ?? []).map(({ revision }) => revision);
  const choice = known.length === 0 ? 'it has no earlier one' : `earlier ones: ${known.join(', ')}`;
  if (wanted === undefined) return `No earlier revision of ${app.id} ever had a READY runner; ${choice}`;
  return wanted === app.revision
    ? `${wanted} is the current revision of ${app.id}`
    : `${app.id} has no revision ${wanted}; ${choice}`;
}
