/** How waiting requests and free slots find each other: the rules of agents at a doorbell. */
import { claimDelay } from '../runtime/domain/claim-delay';
import { MAX_ATTEMPTS } from '../runtime/domain/request';
import { retryDelay } from '../runtime/domain/retry';
import { hasFreeSlot, type AppState, type SimulatedRunner } from './app-state';
import type { Dispatch } from './policy';
import type { Random } from './random';
import { EVENT, type World } from './world';

export interface DispatchSettings {
  readonly dispatch: Dispatch;
  /** Share of attempts that end in a crash of the runner. */
  readonly crashShare: number;
}

/** What the work does to a runner. */
export interface RunnerConsequences {
  idle(runner: SimulatedRunner): void;
  crashed(runner: SimulatedRunner): void;
}

export class Dispatcher {
  /** By request: attempts that count; allocated when the first one fails. */
  private readonly attempts = new Map<number, number>();
  private readonly random: boolean;
  private readonly delayed: boolean;

  constructor(
    private readonly world: World,
    private readonly settings: DispatchSettings,
    private readonly wakes: Random,
    private readonly crashes: Random,
    private readonly consequences: RunnerConsequences,
  ) {
    this.random = settings.dispatch.startsWith('random');
    this.delayed = settings.dispatch.endsWith('delayed');
  }

  /** A request joins the line, new or handed back. Returns whether a slot was free for it. */
  submit(app: AppState, request: number): boolean {
    app.settleDemand(this.world.now);
    app.line.add(request);
    this.world.touched(app);
    return this.ring(app);
  }

  /** A slot is free: it takes the first request that no woken slot is about to claim, or waits for a ring. */
  offer(runner: SimulatedRunner): void {
    const { app } = runner;
    while (app.line.length > app.woken && hasFreeSlot(runner)) this.start(runner);
    if (hasFreeSlot(runner)) moveToEnd(app.free, runner);
    else withdraw(app.free, runner);
  }

  /** A woken slot claims. */
  claim(runner: SimulatedRunner): void {
    if (runner.woken === 0) return;
    runner.woken -= 1;
    runner.app.woken -= 1;
    if (runner.app.line.length > 0) this.start(runner);
    if (hasFreeSlot(runner)) this.waitAgain(runner);
    if (runner.requests.length === 0) this.consequences.idle(runner);
  }

  finish(runner: SimulatedRunner, request: number): void {
    const { world } = this;
    const place = runner.requests.indexOf(request);
    if (place < 0) return;
    if (this.settings.crashShare > 0 && this.crashes.unit() < this.settings.crashShare) {
      this.consequences.crashed(runner);
      return;
    }
    runner.requests.splice(place, 1);
    const { app, record } = runner;
    app.settleDemand(world.now);
    app.inProgress -= 1;
    world.served += 1;
    this.attempts.delete(request);
    record.inFlight = runner.requests.length;
    if (record.inFlight === 0) {
      record.idleSince = world.now;
      if (record.state === 'RUNNING') record.state = 'IDLE';
    }
    world.observer.requestServed?.(request, record, world.now);
    world.touched(app);
    this.offer(runner);
    if (runner.requests.length === 0) this.consequences.idle(runner);
  }

  /** The runner takes nothing more. What others were to leave to it, they take. */
  leave(runner: SimulatedRunner): void {
    const { app } = runner;
    withdraw(app.free, runner);
    const left = runner.woken;
    app.woken -= left;
    runner.woken = 0;
    for (let count = 0; count < left && app.line.length > app.woken; count += 1) this.ring(app);
  }

  /** The runner is gone while it worked. A crash costs each request an attempt and a back-off, a farewell nothing. */
  abandon(runner: SimulatedRunner, crashed: boolean): void {
    const { app } = runner;
    app.settleDemand(this.world.now);
    const requests = runner.requests.splice(0).sort((a, b) => a - b);
    app.inProgress -= requests.length;
    runner.record.inFlight = 0;
    for (const request of requests) {
      this.world.startedAt[request] = NaN;
      if (crashed) this.backOff(app, request);
      else this.submit(app, request);
    }
    this.world.touched(app);
  }

  /** The back-off of a request is over. */
  retry(app: AppState, request: number): void {
    app.settleDemand(this.world.now);
    if (app.backingOff.delete(request)) this.submit(app, request);
  }

  private backOff(app: AppState, request: number): void {
    const charged = (this.attempts.get(request) ?? 0) + 1;
    this.attempts.set(request, charged);
    if (charged >= MAX_ATTEMPTS) {
      this.world.deadLetters += 1;
      return;
    }
    app.backingOff.add(request);
    this.world.events.add(this.world.now + retryDelay(charged), EVENT.retry, request);
  }

  /** Wakes one free slot. Its runner claims at once, or later the longer it has been idle. */
  private ring(app: AppState): boolean {
    const { free } = app;
    const runner = free[this.random && free.length > 1 ? this.wakes.below(free.length) : free.length - 1];
    if (runner === undefined) return false;
    const idleMs = runner.requests.length > 0 ? 0 : this.world.now - (runner.record.idleSince ?? this.world.now);
    const delay = this.delayed ? claimDelay(idleMs, app.ready) : 0;
    if (delay < SHORTEST_SLEEP_MS) {
      this.start(runner);
    } else {
      runner.woken += 1;
      app.woken += 1;
      this.world.events.add(this.world.now + delay, EVENT.claim, runner.number);
    }
    if (!hasFreeSlot(runner)) withdraw(free, runner);
    return true;
  }

  private start(runner: SimulatedRunner): void {
    const { world } = this;
    const { app, record } = runner;
    app.settleDemand(world.now);
    const request = app.line.take();
    if (request === undefined) return;
    app.inProgress += 1;
    runner.requests.push(request);
    runner.held = false;
    record.state = 'RUNNING';
    record.inFlight = runner.requests.length;
    record.served += 1;
    world.startedAt[request] = world.now;
    world.changedAt = world.now;
    world.observer.requestStarted?.(request, record, world.now);
    world.touched(app);
    world.events.add(world.now + (world.trace.serviceMs[request] ?? 0), EVENT.finish, runner.number, request);
  }

  /** A slot that found nothing keeps its place among those that wait. */
  private waitAgain(runner: SimulatedRunner): void {
    if (!runner.app.free.includes(runner)) runner.app.free.push(runner);
  }
}

/** An agent does not sleep for less. */
const SHORTEST_SLEEP_MS = 1;

function withdraw(free: SimulatedRunner[], runner: SimulatedRunner): void {
  const place = free.lastIndexOf(runner);
  if (place >= 0) free.splice(place, 1);
}

function moveToEnd(free: SimulatedRunner[], runner: SimulatedRunner): void {
  if (free[free.length - 1] === runner) return;
  withdraw(free, runner);
  free.push(runner);
}
