/** The life of the agent's program: wait for the app, be its agent, end. */
import { Agent } from '../../runtime/agent/agent';
import type { AppRecord } from '../../runtime/domain/app';
import type { RequestHead } from '../../runtime/domain/request';
import { atRevision } from '../../runtime/domain/revisions';
import { alive, startProgressed, type RunnerRecord } from '../../runtime/domain/runner';
import type {
  AppStore,
  BlobStore,
  Clock,
  Doorbell,
  RequestStore,
  RunnerRegistry,
  RunnerRelay,
} from '../../runtime/ports';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { StoreWatch } from './store-watch';
import type { TaskApp } from './task-app';

export interface ProgramStores {
  readonly apps: Pick<AppStore, 'get'>;
  readonly requests: RequestStore;
  readonly runners: RunnerRegistry;
  readonly blobs: BlobStore;
}

export interface ProgramOptions {
  /** `owner/alias`. */
  readonly app: string;
  readonly runner: string;
  readonly stores: ProgramStores;
  /** Made once the app is known: it takes messages of other services in as requests of the app. */
  readonly doorbell: (app: AppRecord, stores: ProgramStores) => Doorbell;
  readonly relay?: RunnerRelay;
  readonly clock: Clock;
  readonly attach: () => Promise<TaskApp>;
  /** Aborted when the task is to end: SIGTERM. */
  readonly stopping: AbortSignal;
  readonly log: (line: string) => void;
  /** Told of every request that this runner ends. */
  readonly onEnded?: (head: RequestHead) => void;
  /** Cancellations and drains reach the runner within this, ms. */
  readonly heartbeatMs?: number;
  /** See `StoreWatchOptions`. */
  readonly refusedMs?: number;
  readonly failingMs?: number;
}

const HEARTBEAT_MS = 5_000;

/** The permissions of a new role, or of one that is being replaced, take effect within a minute or so. */
const REFUSED_MS = 180_000;

/** After its lease and the controller's patience for a silent runner. */
const FAILING_MS = 300_000;

/** What an agent may need after the app's grace period to say so and end. */
const LAST_WORDS_MS = 5_000;

/** Runs until the runner is gone; resolves with why. Rejects when it can't be one. */
export async function runAgent(options: ProgramOptions): Promise<string> {
  const { clock, refusedMs = REFUSED_MS, failingMs = FAILING_MS } = options;
  const watch = new StoreWatch({ now: () => clock.now(), refusedMs, failingMs });
  const stores = watchedStores(options.stores, watch);
  const { app, runner } = await identify(options, stores);
  const process = await options.attach();
  try {
    const work = serve(options, stores, app, runner, process);
    return await Promise.race([
      work,
      process.leaving.then(async () => (await lastReason(stores, runner)) ?? 'it leaves'),
      watch.lost,
      endOfGrace(options.stopping, app),
    ]);
  } finally {
    process.close();
  }
}

function watchedStores(stores: ProgramStores, watch: StoreWatch): ProgramStores {
  return {
    apps: watch.watched(stores.apps),
    requests: watch.watched(stores.requests),
    runners: watch.watched(stores.runners),
    blobs: stores.blobs,
  };
}

async function identify(
  { app: id, runner: runnerId }: ProgramOptions,
  { apps, runners }: ProgramStores,
): Promise<{ readonly app: AppRecord; readonly runner: RunnerRecord }> {
  const [app, runner] = await Promise.all([apps.get(id), runners.get(runnerId)]);
  if (app === undefined) throw new Error(`The platform has no app ${id}: it was removed`);
  if (runner === undefined)
    throw new Error(`The platform has no runner ${runnerId}: it was not started by the platform`);
  if (!alive(runner)) throw new Error(`Runner ${runnerId} was given up: ${runner.exitReason ?? 'nobody waits for it'}`);
  return { app: atRevision(app, runner.revision) ?? app, runner };
}

async function serve(
  options: ProgramOptions,
  stores: ProgramStores,
  app: AppRecord,
  runner: RunnerRecord,
  process: TaskApp,
): Promise<string> {
  const { relay, clock, log, onEnded, stopping, heartbeatMs = HEARTBEAT_MS } = options;
  await untilStarted(options, stores, runner, process);
  if (isAborted(stopping)) return 'the task was stopped before its app had started';
  const doorbell = options.doorbell(app, stores);
  const queue = new RequestQueue({
    ...{ store: stores.requests, doorbell, clock },
    ...(onEnded === undefined ? {} : { onEnded }),
  });
  const agent = new Agent(
    {
      ...{ ...stores, queue, doorbell, clock, heartbeatMs },
      ...(relay === undefined ? {} : { relay }),
      // The app's own output goes to CloudWatch.
      onLine: () => undefined,
      onFailure: (_runner, error) => {
        log(
          `The queue could not be asked: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`,
        );
      },
    },
    app,
    runner,
    process,
  );
  const drain = (): void => void drainAgent(agent, process, app, log);
  stopping.addEventListener('abort', drain, { once: true });
  await agent.run();
  return (await lastReason(stores, runner)) ?? 'it ended';
}

/** Waits for ECS to start the app, which pulls its image first. */
async function untilStarted(
  { clock, stopping }: ProgramOptions,
  { runners }: ProgramStores,
  runner: RunnerRecord,
  process: TaskApp,
): Promise<void> {
  const pulling = startProgressed(runner, 'DOCKER_PULL', clock.now(), 'pulling its image');
  const current = await runners.get(runner.id);
  if (pulling !== undefined && current?.version === runner.version) await runners.replace(pulling);
  await Promise.race([process.started(), untilAborted(stopping)]);
}

/** An app that has ended is no reason to drain: ECS stops the task because of it, and the agent says why. */
async function drainAgent(agent: Agent, process: TaskApp, app: AppRecord, log: (line: string) => void): Promise<void> {
  if (await process.hasExited()) return;
  log('The task is being stopped: no more requests are taken');
  await agent.drain('its task was stopped', graceOf(app)).catch((error: unknown) => {
    log(`The runner's record could not be told: ${String(error)}`);
  });
}

/** Whatever hangs, the agent is gone soon after the grace period. */
async function endOfGrace(stopping: AbortSignal, app: AppRecord): Promise<string> {
  await untilAborted(stopping);
  await new Promise((resolve) => setTimeout(resolve, graceOf(app) + LAST_WORDS_MS).unref());
  return 'its grace period was over';
}

function graceOf(app: AppRecord): number {
  return app.spec.termination_grace_period_seconds * 1000;
}

async function lastReason({ runners }: ProgramStores, { id }: RunnerRecord): Promise<string | undefined> {
  return (await runners.get(id).catch(() => undefined))?.exitReason;
}

/** Asked anew: it may be aborted while somebody waits for something else. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener('abort', () => {
        resolve();
      });
  });
}
