/**
 * The agent beside one app: it claims requests as long as the runner lives and takes the runner out when it is no longer
 * needed. A runner leaves in one of three ways: it retires (idle for `keep_alive`, in a write that keeps the floor), it
 * is asked to drain, or its app fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppRecord } from '../domain/app';
import { claimDelay } from '../domain/claim-delay';
import type { RequestHead } from '../domain/request';
import {
  askedToDrain,
  becameReady,
  heartbeat,
  retireAt,
  startProgressed,
  terminated,
  terminating,
  type RunnerRecord,
} from '../domain/runner';
import type { BlobStore, Clock, Doorbell, RequestStore, RunnerRegistry, RunnerRelay } from '../ports';
import type { RequestQueue } from '../queue/request-queue';
import { AppClient } from './app-client';
import type { AppLine, AppProcess, Farewell } from './app-process';
import { Attempt, type AttemptEnd } from './attempt';
import { HEALTH_CHECK_INTERVAL_MS, HealthChecks } from './health-checks';
import { OwnRecord } from './runner-record';

export interface AgentDependencies {
  readonly queue: RequestQueue;
  readonly requests: RequestStore;
  readonly doorbell: Doorbell;
  readonly runners: RunnerRegistry;
  readonly blobs: BlobStore;
  /** Absent where no WebSocket gets to this runner: such requests end at once. */
  readonly relay?: RunnerRelay;
  readonly clock: Clock;
  /** How often leases are renewed and flags looked for, ms: cancellations and drains arrive within this. */
  readonly heartbeatMs: number;
  /** How often the app's health check is called, ms. Default: fal's 15 s. */
  readonly healthCheckMs?: number;
  /** Told of every line the app prints, with the request it belongs to where that is known. */
  readonly onLine: (runner: string, line: AppLine) => void;
  /** Told when the platform itself fails the runner: its store can't be read or written. */
  readonly onFailure: (runner: string, error: unknown) => void;
}

/** A ring that never comes costs at most this: agents look at the queue themselves now and then. */
const WAIT_MS = 20_000;

/** How often an unchanged runner says that it is alive; a third of what the controller tolerates at the most. */
const REPORT_MS = 10_000;

/** fal's TCP health check gives a port this long. */
const TCP_CHECK_MS = 5_000;

/** An app that asks for its health check and has none gets the one by TCP. */
const TCP_CHECKED: ReadonlySet<AttemptEnd['runner']> = new Set(['check', 'health check']);

/** How long after a lost connection the end of the app's process may be noticed; ECS takes a second or two. */
const EXIT_NOTICE_MS = 3_000;

/** Hints kept per runner. */
const MAX_HINTS = 32;

export class Agent {
  readonly #attempts = new Map<string, Attempt>();
  readonly #claiming = new AbortController();
  readonly #farewell = deferred<Farewell>();
  #client: AppClient | undefined;
  #health: HealthChecks | undefined;
  readonly #record: OwnRecord;
  readonly #ending = new AbortController();
  #served = 0;
  #idleSince = 0;
  #hints: readonly string[] = [];
  #readyRunners = 1;
  #wake = deferred<undefined>();

  constructor(
    private readonly dependencies: AgentDependencies,
    private readonly app: AppRecord,
    runner: RunnerRecord,
    private readonly process: AppProcess,
  ) {
    this.#record = new OwnRecord(dependencies.runners, dependencies.clock, runner);
  }

  /** Runs until the runner is gone. Never rejects for what its app does. */
  async run(): Promise<void> {
    this.process.onLine((line) => {
      this.attribute(line);
    });
    const failedStart = await this.start();
    if (failedStart !== undefined) return this.end(failedStart);
    const slots = Array.from({ length: this.app.spec.max_multiplexing }, () => this.serve());
    void this.report();
    void this.#health?.repeat(this.#ending.signal);
    void this.process.exited.then(({ reason, failure }) => {
      this.leave({ exit: 'crashed', reason: failure ?? reason });
    });
    const farewell = await this.#farewell.promise;
    await this.withdraw(farewell);
    await Promise.all(slots);
    if (farewell.exit === 'retired') await this.lookOnceMore();
    await this.end(farewell);
  }

  /** Asks this runner to leave: it claims nothing more and finishes what it has within `graceMs`. */
  async drain(reason: string, graceMs: number): Promise<void> {
    await this.#record.update((runner, now) => askedToDrain(runner, reason, now, graceMs));
    this.#wake.resolve(undefined);
  }

  /** Waits for the app to accept connections. Returns why it never will. */
  private async start(): Promise<Farewell | undefined> {
    await this.#record.update((runner, now) => startProgressed(runner, 'SETUP', now));
    const over = new AbortController();
    const failed = this.process.exited.then(({ reason, failure }): Farewell => ({
      exit: 'startup_failed',
      reason: failure ?? reason,
    }));
    // An app that ends before it listens has no address; how it ended says why.
    const accepting = this.accepting(over.signal).catch(() => failed);
    const farewell = await Promise.race([accepting, failed, this.startLimit(over.signal)]);
    over.abort();
    if (farewell !== undefined) return farewell;
    const record = await this.#record.update(becameReady);
    if (record === undefined)
      return { exit: 'drained', reason: this.#record.latest.drain?.reason ?? 'no longer needed' };
    await this.dependencies.runners.joinReady(this.app.id, record.revision, record.id);
    this.#idleSince = this.dependencies.clock.now();
    this.#health = this.healthChecks();
    return undefined;
  }

  private healthChecks(): HealthChecks | undefined {
    const { health_check: check, startup_timeout } = this.app.spec;
    if (check === undefined || this.#client === undefined) return undefined;
    const { clock, healthCheckMs = HEALTH_CHECK_INTERVAL_MS } = this.dependencies;
    return new HealthChecks({
      ...{ client: this.#client, check, startup_timeout, intervalMs: healthCheckMs },
      age: () => clock.now() - this.#record.latest.createdAt,
      unhealthy: (reason) => {
        this.leave({ exit: 'unhealthy', reason });
      },
    });
  }

  private async accepting(signal: AbortSignal): Promise<undefined> {
    this.#client = new AppClient(await this.process.url());
    await this.#client.untilAccepting(signal);
  }

  /** Resolves when the start took too long or the runner was asked to leave meanwhile. */
  private async startLimit(signal: AbortSignal): Promise<Farewell | undefined> {
    const { startup_timeout: limit } = this.app.spec;
    const deadline = this.dependencies.clock.now() + limit * 1000;
    while (!signal.aborted) {
      await sleep(this.dependencies.heartbeatMs, undefined, { signal }).catch(() => undefined);
      const drain = (await this.#record.refresh())?.drain;
      if (drain !== undefined) return { exit: 'drained', reason: drain.reason };
      if (this.dependencies.clock.now() >= deadline) {
        const reason = `it was not ready within startup_timeout (${limit} s): setup() hangs or its port never opened`;
        return { exit: 'startup_timeout', reason };
      }
    }
    return undefined;
  }

  /** One slot: a ring, a claim, an attempt, and again. */
  private async serve(): Promise<void> {
    const { doorbell, queue } = this.dependencies;
    const { signal } = this.#claiming;
    while (!signal.aborted) {
      await doorbell.wait(this.app.id, WAIT_MS, signal);
      await this.letOthersClaimFirst(signal);
      if (this.withdrawn) return;
      try {
        const head = await queue.claim(this.app.id, this.#record.latest.id, this.#hints);
        if (head !== undefined) await this.attempt(head);
      } catch (error) {
        // The store failed. What was claimed comes back when its lease ends; the slot goes on after a pause.
        this.dependencies.onFailure(this.#record.latest.id, error);
        await sleep(this.dependencies.heartbeatMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private get withdrawn(): boolean {
    return this.#claiming.signal.aborted;
  }

  private async letOthersClaimFirst(signal: AbortSignal): Promise<void> {
    const idleMs = this.#attempts.size > 0 ? 0 : this.dependencies.clock.now() - this.#idleSince;
    const delay = claimDelay(idleMs, this.#readyRunners);
    if (delay >= 1) await sleep(delay, undefined, { signal }).catch(() => undefined);
  }

  private async attempt(head: RequestHead): Promise<void> {
    if (this.#client === undefined) throw new Error('A request was claimed before the app was ready');
    const { id: runner } = this.#record.latest;
    const attempt = new Attempt({ ...this.dependencies, client: this.#client, app: this.app, runner }, head);
    this.#attempts.set(head.id, attempt);
    this.#served += 1;
    try {
      await this.judge(await attempt.run());
    } finally {
      this.#attempts.delete(head.id);
      this.#idleSince = this.dependencies.clock.now();
      if (this.#attempts.size === 0 && this.app.spec.keep_alive * 1000 < this.dependencies.heartbeatMs) {
        this.#wake.resolve(undefined);
      }
    }
  }

  /** What an answer means for the runner. */
  private async judge({ runner, reason, hints }: AttemptEnd): Promise<void> {
    if (hints !== undefined) this.#hints = [...new Set([...hints, ...this.#hints])].slice(0, MAX_HINTS);
    // A connection is lost just before the process is seen to end, which says more about the cause.
    if (runner === 'lost') await Promise.race([this.process.exited, sleep(EXIT_NOTICE_MS)]);
    if (runner === 'stop' || runner === 'lost') {
      this.leave({ exit: 'unhealthy', reason: reason ?? 'its app asked for it' });
    }
    if (runner === 'health check' && this.#health !== undefined) return this.#health.checkNow();
    if (TCP_CHECKED.has(runner) && (await this.#client?.accepts(TCP_CHECK_MS)) === false) {
      await Promise.race([this.process.exited, sleep(EXIT_NOTICE_MS)]);
      this.leave({ exit: 'unhealthy', reason: 'its port no longer answered' });
    }
  }

  /** Says how the runner is until it ends; while it claims, looks for reasons to leave. */
  private async report(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.sendReport();
        if (!this.withdrawn) await this.considerLeaving();
      } catch {
        // The store can't be asked just now; the next report tries again, and the controller notices a long silence.
      }
      await this.untilNextReport();
    }
  }

  private async sendReport(): Promise<void> {
    await this.#record.refresh();
    const inFlight = this.#attempts.size;
    const { inFlight: before, served, hints, heartbeatAt, drain, state } = this.#record.latest;
    const unchanged = inFlight === before && served === this.#served && hints === this.#hints;
    const known = drain === undefined || state === 'DRAINING';
    if (unchanged && known && this.dependencies.clock.now() - heartbeatAt < REPORT_MS) return;
    const status = { inFlight, served: this.#served, idleSince: this.#idleSince, hints: this.#hints };
    await this.#record.update((runner, now) => heartbeat(runner, status, now));
  }

  private async considerLeaving(): Promise<void> {
    const { drain, revision } = this.#record.latest;
    if (drain !== undefined) this.leave({ exit: 'drained', reason: drain.reason });
    else if (await this.retires()) this.leave({ exit: 'retired', reason: this.retirement() });
    this.#readyRunners = (await this.dependencies.runners.readySet(this.app.id, revision)).runners.length;
  }

  private async untilNextReport(): Promise<void> {
    const { heartbeatMs, clock } = this.dependencies;
    const untilRetirement = (retireAt(this.#record.latest, this.app.spec) ?? Infinity) - clock.now();
    // A runner that may retire but is kept by the floor asks again with its heartbeats, no sooner.
    const pause = untilRetirement > 0 ? Math.min(heartbeatMs, untilRetirement) : heartbeatMs;
    const passed = sleep(pause, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    await Promise.race([passed, this.#wake.promise]);
    this.#wake = deferred();
  }

  private async retires(): Promise<boolean> {
    const at = retireAt(this.#record.latest, this.app.spec);
    if (this.#attempts.size > 0 || at === undefined || this.dependencies.clock.now() < at) return false;
    return this.dependencies.runners.retire(this.app.id, this.#record.latest.revision, this.#record.latest.id);
  }

  private retirement(): string {
    return this.#served === 0 ? 'it was never needed' : `idle for keep_alive (${this.app.spec.keep_alive} s)`;
  }

  private leave(farewell: Farewell): void {
    this.#farewell.resolve(farewell);
  }

  /** Claims nothing more; lets the requests in flight end where the app can still end them. */
  private async withdraw({ exit, reason }: Farewell): Promise<void> {
    this.#claiming.abort();
    await this.dependencies.runners.leaveReady(this.app.id, this.#record.latest.revision, this.#record.latest.id);
    if (exit === 'crashed') this.interruptAll({ kind: 'crashed', reason });
    else if (exit === 'unhealthy') this.interruptAll({ kind: 'handed back' });
    else await this.finishWithinGrace();
  }

  private async finishWithinGrace(): Promise<void> {
    const { clock, heartbeatMs } = this.dependencies;
    while (this.#attempts.size > 0) {
      const deadline = this.#record.latest.drain?.deadline ?? Infinity;
      if (clock.now() >= deadline) {
        this.interruptAll({ kind: 'handed back' });
        return;
      }
      await sleep(Math.max(10, Math.min(heartbeatMs, 100, deadline - clock.now())));
    }
  }

  private interruptAll(interruption: Parameters<Attempt['interrupt']>[0]): void {
    for (const attempt of this.#attempts.values()) attempt.interrupt(interruption);
  }

  /** A request may have come between the last look at the queue and the retirement. */
  private async lookOnceMore(): Promise<void> {
    for (;;) {
      const head = await this.dependencies.queue.claim(this.app.id, this.#record.latest.id, this.#hints);
      if (head === undefined) return;
      await this.attempt(head);
    }
  }

  private async end({ exit, reason }: Farewell): Promise<void> {
    this.#ending.abort();
    await this.#record.update((runner, now) => terminating(runner, exit, reason, now));
    await this.process.terminate(this.app.spec.termination_grace_period_seconds * 1000);
    await this.#client?.close();
    await this.#record.update((runner, now) => terminated(runner, exit, reason, now));
  }

  /** Gives a line of the app's output to its request; with a single request in flight there is no doubt. */
  private attribute(line: AppLine): void {
    const only = this.#attempts.size === 1 ? [...this.#attempts.values()][0] : undefined;
    const attempt = line.requestId === undefined ? only : this.#attempts.get(line.requestId);
    attempt?.line(line.level, line.message);
    const requestId = attempt?.requestId ?? line.requestId;
    this.dependencies.onLine(this.#record.latest.id, { ...line, ...(requestId === undefined ? {} : { requestId }) });
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
