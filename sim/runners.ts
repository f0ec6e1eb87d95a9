/** The lives of runners: launch, the stages of a start, retirement, drains, ends. States move as `runner.ts` moves them. */
import {
  alive,
  askedToDrain,
  becameReady,
  heartbeat,
  launched,
  startProgressed,
  starting,
  terminated,
  type RunnerExit,
  type RunnerRecord,
} from '../runtime/domain/runner';
import type { AppState, SimulatedRunner } from './app-state';
import { servable } from './app-state';
import { REVISION } from './controller';
import { within, type Faults } from './faults';
import type { MachineHouse } from './machine-house';
import type { Random } from './random';
import { EVENT, type World } from './world';

/** What becomes of the work when a runner comes or goes. */
export interface WorkOfRunners {
  offer(runner: SimulatedRunner): void;
  leave(runner: SimulatedRunner): void;
  abandon(runner: SimulatedRunner, crashed: boolean): void;
}

export interface LifeSettings {
  /** From a decision to launch until the fleet has it, ms. */
  readonly lagMs: number;
  /** How often an agent that the floor holds looks whether it may leave, ms. */
  readonly heartbeatMs: number;
  readonly faults: Faults;
}

export class Runners {
  /** Runners launched. */
  starts = 0;
  private endedGpuMs = 0;
  private readonly all = new Map<number, SimulatedRunner>();

  constructor(
    private readonly world: World,
    private readonly settings: LifeSettings,
    private readonly machines: MachineHouse,
    private readonly random: Random,
    private readonly work: WorkOfRunners,
  ) {}

  get(number: number): SimulatedRunner | undefined {
    return this.all.get(number);
  }

  find(id: string): SimulatedRunner | undefined {
    return this.all.get(Number(id));
  }

  get present(): number {
    return this.all.size;
  }

  /** GPU-milliseconds that runners have held GPUs by then. */
  gpuMs(now: number): number {
    let sum = this.endedGpuMs;
    for (const runner of this.all.values()) sum += gpuMs(runner, now);
    return sum;
  }

  launch(app: AppState, failedStarts: number): void {
    const { now } = this.world;
    const number = this.starts;
    this.starts += 1;
    const record = launched({
      id: String(number),
      app: app.profile.id,
      revision: REVISION,
      createdAt: now,
      failedStarts,
    });
    const runner: SimulatedRunner = {
      number,
      app,
      record: { ...record, heartbeatAt: NEVER_SILENT },
      placement: undefined,
      placedAt: Infinity,
      requests: [],
      woken: 0,
      retireCheckAt: Infinity,
      held: false,
    };
    this.all.set(number, runner);
    app.fleet.push(runner);
    this.changed(runner);
    this.world.observer.runnerLaunched?.(runner.record, now);
    if (this.settings.lagMs > 0) this.world.events.add(now + this.settings.lagMs, EVENT.place, number);
    else this.place(runner);
  }

  /** Finds a machine; without one the runner waits for the next that has room. */
  place(runner: SimulatedRunner): void {
    if (!alive(runner.record) || runner.placement !== undefined) return;
    const { now } = this.world;
    const placement = this.machines.place(runner, within(this.settings.faults.capacityErrors, now));
    if (placement === 'no capacity') {
      this.end(runner, 'scheduling_failed', 'the machine type has no capacity');
      return;
    }
    if (placement === 'full') return;
    runner.placement = placement;
    runner.placedAt = now;
    this.world.observer.runnerPlaced?.(runner.record, now);
    this.advance(runner);
  }

  /** A stage of the start is over: enters the next one that takes time. */
  advance(runner: SimulatedRunner): void {
    const { record, placement } = runner;
    if (placement === undefined || !starting(record)) return;
    const { now } = this.world;
    if (record.state === 'PENDING' && placement.upAt > now) {
      this.nextStage(runner, placement.upAt);
      return;
    }
    if (placement.imageAt > now) {
      this.move(runner, startProgressed(record, 'DOCKER_PULL', now));
      this.nextStage(runner, placement.imageAt);
      return;
    }
    if (record.state !== 'SETUP') {
      this.move(runner, startProgressed(record, 'SETUP', now));
      const readyAt = placement.weightsAt + this.machines.setupMs();
      if (readyAt > now) {
        this.nextStage(runner, readyAt);
        return;
      }
    }
    this.answer(runner);
  }

  /** A worker without work plans to retire. */
  idle(runner: SimulatedRunner): void {
    if (!alive(runner.record) || runner.requests.length > 0) return;
    if (runner.record.drain !== undefined) {
      this.end(runner, 'drained', runner.record.drain.reason);
      return;
    }
    if (runner.retireCheckAt !== Infinity) return;
    const at = runner.app.scaler.retireAt(runner.record);
    if (at !== undefined) this.planRetirement(runner, Math.max(at, this.world.now));
  }

  /** Retires when it has been idle for long enough and the floor allows it. */
  considerRetiring(runner: SimulatedRunner): void {
    if (runner.retireCheckAt !== this.world.now) return;
    runner.retireCheckAt = Infinity;
    if (!servable(runner.record) || runner.requests.length > 0 || runner.woken > 0) return;
    const reported = heartbeat(runner.record, runner.record, this.world.now);
    const at = reported && runner.app.scaler.retireAt(reported);
    if (at === undefined) return;
    if (at > this.world.now) {
      this.planRetirement(runner, at);
      return;
    }
    if (runner.app.ready <= runner.app.floor) {
      runner.held = true;
      return;
    }
    this.end(runner, 'retired', 'idle');
  }

  /** The floor fell or a runner joined: those it held find out with one of their next heartbeats. */
  releaseHeld(app: AppState): void {
    if (app.ready <= app.floor) return;
    for (const runner of app.fleet) {
      if (runner.held && runner.retireCheckAt === Infinity) {
        this.planRetirement(runner, this.world.now + this.random.unit() * this.settings.heartbeatMs);
      }
    }
  }

  /** Asks a runner to finish what it has within the grace period and leave. */
  drain(runner: SimulatedRunner, reason: string, graceMs: number): void {
    const { record } = runner;
    if (starting(record)) {
      this.end(runner, 'drained', reason);
      return;
    }
    const next = askedToDrain(record, reason, this.world.now, graceMs);
    if (next === undefined) return;
    if (record.drain === undefined) {
      runner.app.ready -= 1;
      this.work.leave(runner);
    }
    this.move(runner, { ...next, state: 'DRAINING' });
    if (runner.requests.length === 0) {
      this.end(runner, 'drained', reason);
      return;
    }
    this.world.events.add(this.world.now + graceMs, EVENT.expire, runner.number);
  }

  /** The grace period of a drain is over: what still runs is handed back. */
  expire(runner: SimulatedRunner): void {
    const { drain } = runner.record;
    if (drain !== undefined && drain.deadline <= this.world.now) this.end(runner, 'drained', drain.reason);
  }

  end(runner: SimulatedRunner, exit: RunnerExit, reason: string): void {
    const { now } = this.world;
    const { app, record } = runner;
    const next = terminated(record, exit, reason, now);
    if (next === undefined) return;
    if (servable(record)) {
      app.ready -= 1;
      // Marked as leaving first: nobody may hand it a request while others take over what it was woken for.
      runner.record = { ...record, state: 'TERMINATING' };
      this.work.leave(runner);
    }
    this.endedGpuMs += gpuMs(runner, now);
    runner.record = next;
    if (runner.requests.length > 0) this.work.abandon(runner, exit === 'crashed');
    this.all.delete(runner.number);
    app.bury(runner);
    this.changed(runner);
    this.world.observer.runnerEnded?.(next, now);
    this.machines.release(runner);
  }

  private answer(runner: SimulatedRunner): void {
    const { app, record } = runner;
    const { now } = this.world;
    const failing = this.settings.faults.failingStarts?.filter(
      ({ app: only }) => only === undefined || only === record.app,
    );
    if (within(failing, now)) {
      this.end(runner, 'startup_failed', 'setup() failed');
      return;
    }
    const next = becameReady(record, now);
    if (next === undefined) return;
    this.move(runner, next);
    app.ready += 1;
    this.work.offer(runner);
    this.idle(runner);
    this.releaseHeld(app);
  }

  private planRetirement(runner: SimulatedRunner, at: number): void {
    runner.retireCheckAt = at;
    this.world.events.add(at, EVENT.retire, runner.number);
  }

  private nextStage(runner: SimulatedRunner, at: number): void {
    this.world.events.add(at, EVENT.stage, runner.number);
  }

  private move(runner: SimulatedRunner, next: RunnerRecord | undefined): void {
    if (next === undefined) return;
    runner.record = next;
    runner.record.heartbeatAt = NEVER_SILENT;
    this.changed(runner);
  }

  private changed(runner: SimulatedRunner): void {
    runner.app.fleetChanged();
    this.world.changedAt = this.world.now;
    this.world.touched(runner.app);
  }
}

/** A simulated runner that is there reports all the time. */
const NEVER_SILENT = Number.MAX_SAFE_INTEGER;

function gpuMs({ placedAt, app }: SimulatedRunner, now: number): number {
  return placedAt === Infinity ? 0 : app.profile.gpus * (now - placedAt);
}
