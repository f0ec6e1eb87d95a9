/**
 * Discrete-event simulation of a platform: the same trace, settings and seed give the same result, to the last digit.
 * Time is milliseconds since the start of the trace.
 */
import type { ScalingAction } from '../runtime/domain/scaling';
import type { AppState } from './app-state';
import { appStates } from './app-states';
import { Dispatcher } from './dispatch';
import { EventQueue, type SimulationEvent } from './event-queue';
import { MachineHouse } from './machine-house';
import { Machines } from './machines';
import { Random } from './random';
import { Runners } from './runners';
import { poolOf, type SimulationResult, type SimulationSettings } from './simulation-settings';
import type { Trace } from './trace';
import { EVENT, type Observer, type World } from './world';

export type { SimulationResult, SimulationSettings } from './simulation-settings';

export function simulate(trace: Trace, settings: SimulationSettings): SimulationResult {
  return new Simulation(trace, settings).run();
}

/** Pokes of an app are looked at most this often (`POKE_INTERVAL_MS` of the controller). */
const POKE_INTERVAL_MS = 100;

/** Longer than any policy waits before it acts on a state that stays. */
const SETTLED_MS = 3_600_000;

const GIVE_UP_MS = 24 * 3_600_000;

class Simulation implements World {
  now = 0;
  served = 0;
  deadLetters = 0;
  changedAt = 0;
  readonly events = new EventQueue();
  readonly observer: Observer;
  readonly startedAt: Float64Array;
  private readonly apps: readonly AppState[];
  private readonly dispatcher: Dispatcher;
  private readonly runners: Runners;
  private readonly machines: Machines;
  private readonly house: MachineHouse;
  private arrived = 0;
  private eventCount = 0;
  private looks = 0;
  /** When a request last arrived or was served. */
  private progressAt = 0;
  private gaveUp = false;
  private readonly giveUpMs: number;
  /** The tick that was looked at last, and the last app of it. */
  private tickAt = -1;
  private tickApp = -1;

  constructor(
    readonly trace: Trace,
    private readonly settings: SimulationSettings,
  ) {
    const { policy, faults = {}, seed = 1 } = settings;
    this.observer = settings.observer ?? {};
    this.giveUpMs = settings.giveUpMs ?? GIVE_UP_MS;
    this.startedAt = new Float64Array(trace.app.length).fill(NaN);
    this.machines = new Machines(poolOf(settings), settings.startTimes, new Random(seed, 'start times'));
    this.apps = appStates(trace, settings, seed);
    this.house = new MachineHouse(this, this.machines, faults, new Random(seed, 'reclaims'), {
      drain: (runner, reason, graceMs) => {
        this.runners.drain(runner, reason, graceMs);
      },
      lose: (runner, reason) => {
        this.runners.end(runner, 'lost', reason);
      },
      place: (runner) => {
        this.runners.place(runner);
      },
    });
    const lives = { lagMs: settings.lagMs ?? 0, heartbeatMs: settings.heartbeatMs ?? 1_000, faults };
    this.runners = new Runners(this, lives, this.house, new Random(seed, 'heartbeats'), {
      offer: (runner) => {
        this.dispatcher.offer(runner);
      },
      leave: (runner) => {
        this.dispatcher.leave(runner);
      },
      abandon: (runner, crashed) => {
        this.dispatcher.abandon(runner, crashed);
      },
    });
    this.dispatcher = new Dispatcher(
      this,
      { dispatch: policy.dispatch, crashShare: faults.crashShare ?? 0 },
      new Random(seed, 'wakes'),
      new Random(seed, 'crashes'),
      {
        idle: (runner) => {
          this.runners.idle(runner);
        },
        crashed: (runner) => {
          this.runners.end(runner, 'crashed', 'its process ended');
        },
      },
    );
  }

  run(): SimulationResult {
    for (const app of this.apps) this.planLook(app, 0);
    const event: SimulationEvent = { at: 0, kind: 0, subject: 0, detail: 0 };
    const { arrivalMs } = this.trace;
    while (!this.over()) {
      const arrivesAt = this.arrived < arrivalMs.length ? (arrivalMs[this.arrived] ?? Infinity) : Infinity;
      this.eventCount += 1;
      if (arrivesAt <= this.events.nextAt) {
        this.now = arrivesAt;
        this.arrive();
      } else if (this.events.take(event)) {
        this.now = event.at;
        this.handle(event);
      }
    }
    return this.result();
  }

  touched(app: AppState): void {
    if (this.settings.everyTick) return;
    this.planLook(app, this.now);
  }

  private handle({ kind, subject, detail }: SimulationEvent): void {
    switch (kind) {
      case EVENT.look:
        this.tick(this.app(subject));
        return;
      case EVENT.poke:
        this.pokeNow(this.app(subject));
        return;
      case EVENT.retry:
        this.dispatcher.retry(this.app(this.trace.app[subject] ?? 0), subject);
        return;
      case EVENT.machineIdle:
        this.house.considerEnding(subject);
        return;
      case EVENT.notice:
        this.house.notice(subject);
        return;
      case EVENT.reclaim:
        this.house.reclaim(subject);
        return;
      default:
        this.handleRunner(kind, subject, detail);
    }
  }

  private handleRunner(kind: number, subject: number, detail: number): void {
    const runner = this.runners.get(subject);
    if (runner === undefined) return;
    switch (kind) {
      case EVENT.claim:
        this.dispatcher.claim(runner);
        return;
      case EVENT.finish:
        this.progressAt = this.now;
        this.dispatcher.finish(runner, detail);
        return;
      case EVENT.stage:
        this.runners.advance(runner);
        return;
      case EVENT.place:
        this.runners.place(runner);
        return;
      case EVENT.retire:
        this.runners.considerRetiring(runner);
        return;
      case EVENT.expire:
        this.runners.expire(runner);
    }
  }

  private arrive(): void {
    const request = this.arrived;
    this.arrived += 1;
    this.progressAt = this.now;
    this.changedAt = this.now;
    const app = this.app(this.trace.app[request] ?? 0);
    app.arrivals += 1;
    const foundSlot = this.dispatcher.submit(app, request);
    if (foundSlot || !this.settings.policy.poked || app.pokePlanned) return;
    app.pokePlanned = true;
    const at = Math.max(this.now + (this.settings.pokeLagMs ?? 0), app.pokeAt + POKE_INTERVAL_MS);
    this.events.add(at, EVENT.poke, app.number);
  }

  private pokeNow(app: AppState): void {
    app.pokePlanned = false;
    app.pokeAt = this.now;
    this.look(app);
    this.planLook(app, app.scaler.nextLook(app));
  }

  private tick(app: AppState): void {
    if (app.lookAt !== this.now) return;
    app.lookAt = Infinity;
    this.tickAt = this.now;
    this.tickApp = app.number;
    this.look(app);
    this.planLook(app, this.settings.everyTick ? this.now : app.scaler.nextLook(app));
  }

  private look(app: AppState): void {
    this.looks += 1;
    app.now = this.now > app.now ? this.now : app.now;
    app.forget(this.now);
    for (const action of app.scaler.look(app)) this.act(app, action);
  }

  private act(app: AppState, action: ScalingAction): void {
    if (action.kind === 'launch') {
      for (let count = 0; count < action.count; count += 1) this.runners.launch(app, action.failedStarts);
      return;
    }
    if (action.kind === 'setFloor') {
      app.floor = action.floor;
      this.touched(app);
      this.runners.releaseHeld(app);
      return;
    }
    const runner = this.runners.find(action.runner);
    if (runner === undefined) return;
    if (action.kind === 'drain') this.runners.drain(runner, action.reason, action.graceMs);
    else this.runners.end(runner, action.exit, action.reason);
  }

  /** Plans a look at the first tick from `at` on that has not been there yet. */
  private planLook(app: AppState, at: number): void {
    if (at === Infinity) return;
    const { tickMs } = this.settings.policy;
    let tick = Math.ceil(Math.max(at, this.now) / tickMs) * tickMs;
    if (tick === this.tickAt && app.number <= this.tickApp) tick += tickMs;
    if (tick >= app.lookAt) return;
    app.lookAt = tick;
    this.events.add(tick, EVENT.look, app.number, 0, app.number);
  }

  /** True when nothing that is still to come can change anything. */
  private over(): boolean {
    const { length } = this.trace.app;
    if (this.arrived < length) return false;
    const accounted = this.served + this.deadLetters === length;
    const next = this.events.nextAt;
    if (accounted && this.events.unranked === 0 && next - this.changedAt > SETTLED_MS) return true;
    this.gaveUp = next - this.progressAt > this.giveUpMs;
    return this.gaveUp;
  }

  private result(): SimulationResult {
    // Runners that would stay for longer are paid for as long as they were watched.
    const endedAt = this.gaveUp && this.runners.present > 0 ? this.progressAt + this.giveUpMs : this.changedAt;
    const waitMs = this.startedAt.map((at, request) => at - (this.trace.arrivalMs[request] ?? 0));
    return {
      waitMs,
      served: this.served,
      deadLetters: this.deadLetters,
      unfinished: this.trace.app.length - this.served - this.deadLetters,
      starts: this.runners.starts,
      machinesLaunched: this.machines.launched,
      gpuHours: this.machines.gpuMs(endedAt) / HOUR_MS,
      runnerGpuHours: this.runners.gpuMs(endedAt) / HOUR_MS,
      endedAt,
      events: this.eventCount,
      looks: this.looks,
    };
  }

  private app(number: number): AppState {
    const app = this.apps[number];
    if (app === undefined) throw new RangeError(`There is no app ${number}`);
    return app;
  }
}

const HOUR_MS = 3_600_000;
