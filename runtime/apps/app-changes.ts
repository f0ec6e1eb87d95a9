/** Changes of the apps' records by deployments, by hand and by what the runners show: each is one conditional write. */
import type { AppRecord } from '../domain/app';
import {
  closed,
  deployed,
  judged,
  reopened,
  rolledBack,
  toVerify,
  withoutRevision,
  type NewDeployment,
} from '../domain/revisions';
import type { RunnerRecord } from '../domain/runner';
import { scaled, type ScaleChanges } from '../domain/scale-overrides';
import { UserError } from '../domain/user-error';
import type { AppStore, Clock } from '../ports';

export class AppChanges {
  constructor(
    private readonly apps: AppStore,
    private readonly clock: Clock,
  ) {}

  /** Takes over what was deployed. Repeating it changes nothing. */
  async deploy(deployment: NewDeployment): Promise<AppRecord> {
    for (;;) {
      const before = await this.apps.get(deployment.id);
      const next = deployed(before, deployment, this.clock.now());
      if (before === undefined) {
        await this.apps.put(next);
        return next;
      }
      if (same(before, next) || (await this.apps.replace(before, next))) return next;
    }
  }

  /**
   * Makes an earlier revision the current one, by its id or else the latest good one, until another one is deployed.
   * Throws a `UserError` when there is none.
   */
  async rollBack(app: string, revision?: string): Promise<AppRecord> {
    return this.known(app, (record) => rolledBack(record, revision));
  }

  /** Forgets an earlier revision. Its runners leave anyway. Throws a `UserError` for what can't be. */
  async forgetRevision(app: string, revision: string): Promise<AppRecord> {
    return this.known(app, (record) => withoutRevision(record, revision));
  }

  /** Changes settings of the scaling; `undefined` resets one to what is deployed. Throws a `UserError` for what can't be. */
  async scale(app: string, changes: ScaleChanges): Promise<AppRecord> {
    return this.known(app, (record) => scaled(record, changes));
  }

  /** The app takes no request and gets no runner from now on. `undefined` when there is no such app. */
  async close(app: string): Promise<AppRecord | undefined> {
    return this.change(app, (record) => closed(record, this.clock.now()));
  }

  async reopen(app: string): Promise<AppRecord | undefined> {
    return this.change(app, reopened);
  }

  /** Wants a runner of the current revision for up to `ms`, only to see whether it gets READY. */
  async verify(app: string, ms: number): Promise<AppRecord | undefined> {
    return this.change(app, (record) => toVerify(record, this.clock.now() + ms));
  }

  /** Stores what the runners show about the current revision; `undefined` when that is nothing new. */
  async judge(read: AppRecord, runners: readonly RunnerRecord[]): Promise<AppRecord | undefined> {
    const next = judged(read, runners);
    return next !== undefined && (await this.apps.replace(read, next)) ? next : undefined;
  }

  private async known(app: string, move: (record: AppRecord) => AppRecord): Promise<AppRecord> {
    const changed = await this.change(app, move);
    if (changed === undefined) throw new UserError(`There is no app ${app}`);
    return changed;
  }

  private async change(app: string, move: (record: AppRecord) => AppRecord): Promise<AppRecord | undefined> {
    for (;;) {
      const before = await this.apps.get(app);
      if (before === undefined) return undefined;
      const next = move(before);
      if (same(before, next) || (await this.apps.replace(before, next))) return next;
    }
  }
}

function same(a: AppRecord, b: AppRecord): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** JSON with its keys in order: stores need not keep the order in which a record was written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
