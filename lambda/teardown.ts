/**
 * Ends an app, a pool or the platform before its stack is deleted. Agents are asked to leave, then tasks are stopped, then
 * machines ended; nothing here depends on the controller, which may be gone or broken. Doing it again finishes what an
 * earlier try left.
 */
import type { AppChanges } from '../runtime/apps/app-changes';
import { change } from '../runtime/controller/act';
import type { AppRecord } from '../runtime/domain/app';
import { CLOSING_REASON, decideClosing, drainedBy } from '../runtime/domain/closing';
import { alive, askedToDrain, terminating } from '../runtime/domain/runner';
import type { ScalingAction } from '../runtime/domain/scaling';
import { appTag } from '../runtime/domain/tagged-id';
import type { AppStore, Clock, RequestStore, RunnerRegistry } from '../runtime/ports';
import type { RequestQueue } from '../runtime/queue/request-queue';
import { unlessGone, type TeardownResources } from './teardown-resources';

export interface TeardownOptions {
  readonly apps: AppStore;
  readonly changes: Pick<AppChanges, 'close'>;
  readonly requests: RequestStore;
  readonly queue: Pick<RequestQueue, 'cancel'>;
  readonly registry: RunnerRegistry;
  readonly resources: TeardownResources;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export const LOOK_MS = 5_000;

/** Before the time is up whatever still runs is stopped. */
const FORCE_MS = 240_000;

/** A listing of tasks may be behind: only several in a row that show none say that there is none. */
const EMPTY_LOOKS = 3;

/** Waiting requests are cancelled this many at a time. */
const PAGE = 100;

export class Teardown {
  constructor(private readonly options: TeardownOptions) {}

  /** The app takes no more requests, its runners have ended, and its record is gone. Throws when time does not suffice. */
  async app(id: string, deadline: number): Promise<void> {
    const app = await unlessGone(() => this.options.changes.close(id), undefined);
    if (app !== undefined) await this.cancelWaiting(id);
    const { clock } = this.options;
    const patient = app?.closingSince === undefined ? clock.now() : drainedBy(app.closingSince, app.spec) + LOOK_MS;
    const forceAt = Math.min(patient, deadline - FORCE_MS);
    await this.until(deadline, `Runners of ${id} have not ended yet`, async () => this.appIsEmpty(id, app, forceAt));
    if (app !== undefined) await this.options.apps.remove(id);
  }

  /** Its machines have ended. No app uses the pool any more. */
  async pool(pool: string, deadline: number): Promise<void> {
    const { resources } = this.options;
    await this.until(deadline, `Machines of pool ${pool} have not ended yet`, async () => {
      const { present, ending } = await resources.machines(pool);
      for (const instance of present) await resources.terminate(instance);
      return present.length + ending.length === 0;
    });
  }

  /** Nothing runs any more, and what CloudFormation could not delete is gone. */
  async platform(deadline: number): Promise<void> {
    const { apps, resources } = this.options;
    const listed = await unlessGone(() => apps.list(), []);
    await Promise.all(listed.map(({ id }) => this.app(id, deadline)));
    await this.until(deadline, 'Tasks of the platform have not stopped yet', async () => {
      const tasks = await resources.tasks();
      for (const { arn } of tasks) await resources.stopTask(arn, CLOSING_REASON);
      return tasks.length === 0;
    });
    await resources.deleteSecrets();
    await resources.emptyBucket();
  }

  private async appIsEmpty(id: string, app: AppRecord | undefined, forceAt: number): Promise<boolean> {
    const { resources, clock } = this.options;
    const forced = clock.now() >= forceAt;
    const tag = appTag(id);
    const tasks = (await resources.tasks()).filter(({ runner }) => runner?.endsWith(tag));
    const runners = app === undefined ? 0 : await this.sendAway(app);
    if (forced) for (const { arn } of tasks) await resources.stopTask(arn, CLOSING_REASON);
    // A runner without a task may be about to get one, as long as somebody is there to give it.
    return tasks.length === 0 && (runners === 0 || forced);
  }

  /** Asks the runners to leave. Returns how many there are still. */
  private async sendAway(app: AppRecord): Promise<number> {
    const { registry, clock } = this.options;
    const runners = (await registry.list(app.id)).filter(alive);
    const since = app.closingSince ?? clock.now();
    for (const action of decideClosing({ runners, floors: {} }, app.spec, since, clock.now())) await this.act(action);
    return runners.length;
  }

  private async act(action: ScalingAction): Promise<void> {
    const { resources } = this.options;
    if (action.kind === 'drain') {
      await change(this.options, action.runner, (runner, now) =>
        askedToDrain(runner, action.reason, now, action.graceMs),
      );
    } else if (action.kind === 'stop') {
      await change(this.options, action.runner, (runner, now) => terminating(runner, action.exit, action.reason, now));
      const tasks = (await resources.tasks()).filter(({ runner }) => runner === action.runner);
      for (const { arn } of tasks) await resources.stopTask(arn, action.reason);
    }
  }

  /** Nobody will take them up; their callers are told. */
  private async cancelWaiting(app: string): Promise<void> {
    for (let before = Infinity; ;) {
      const waiting = await this.options.requests.waiting(app, PAGE);
      // Those that are left although they were cancelled are what the index still shows.
      if (waiting.length === 0 || waiting.length >= before) return;
      before = waiting.length === PAGE ? Infinity : waiting.length;
      for (const { id } of waiting) await this.options.queue.cancel(id);
    }
  }

  private async until(deadline: number, unfinished: string, ended: () => Promise<boolean>): Promise<void> {
    const { clock, sleep } = this.options;
    for (let emptyLooks = 0; ;) {
      emptyLooks = (await ended()) ? emptyLooks + 1 : 0;
      if (emptyLooks === EMPTY_LOOKS) return;
      if (clock.now() + LOOK_MS > deadline) throw new Error(`${unfinished}: delete the stack again`);
      await sleep(LOOK_MS);
    }
  }
}
