/** Gives runners machines, and ends machines that were empty for long enough or are taken back. */
import type { AppState, SimulatedRunner } from './app-state';
import { RECLAIM_NOTICE_MS, type Faults } from './faults';
import type { Machine, Machines, Placement } from './machines';
import type { Random } from './random';
import { EVENT, type World } from './world';

/** What machines do to the runners on them. */
export interface TenantConsequences {
  drain(runner: SimulatedRunner, reason: string, graceMs: number): void;
  lose(runner: SimulatedRunner, reason: string): void;
  place(runner: SimulatedRunner): void;
}

export class MachineHouse {
  private readonly byNumber = new Map<number, Machine>();
  private readonly tenants = new Map<Machine, Set<SimulatedRunner>>();
  /** Runners that found every machine taken, in order. */
  private readonly queue = new Set<SimulatedRunner>();

  constructor(
    private readonly world: World,
    private readonly machines: Machines,
    private readonly faults: Faults,
    private readonly random: Random,
    private readonly consequences: TenantConsequences,
  ) {}

  place(runner: SimulatedRunner, capacityError: boolean): Placement | 'full' | 'no capacity' {
    const { app } = runner;
    const { gpus } = app.profile;
    let machine = this.machines.choose(app.number, gpus, this.world.now);
    if (machine === undefined) {
      if (this.machines.full) {
        this.queue.add(runner);
        return 'full';
      }
      if (capacityError) return 'no capacity';
      machine = this.launch(app);
    }
    this.queue.delete(runner);
    this.tenants.get(machine)?.add(runner);
    return this.machines.occupy(machine, app.number, gpus, this.world.now);
  }

  setupMs(): number {
    return this.machines.setupMs();
  }

  /** The runner is gone. */
  release(runner: SimulatedRunner): void {
    this.queue.delete(runner);
    if (runner.placement === undefined) return;
    const { machine } = runner.placement;
    this.tenants.get(machine)?.delete(runner);
    this.machines.vacate(machine, runner.app.number, runner.app.profile.gpus, this.world.now);
    if (this.machines.isEmpty(machine)) this.emptied(machine);
    this.placeWaiting();
  }

  /** The machine has been empty since the event was planned, or was used meanwhile. */
  considerEnding(number: number): void {
    const machine = this.byNumber.get(number);
    if (machine === undefined || !this.machines.isEmpty(machine)) return;
    if (machine.emptySince + this.machines.pool.keepAliveMs <= this.world.now) this.end(machine);
  }

  /** The machine takes nobody more, and its runners have until it is reclaimed. */
  notice(number: number): void {
    const machine = this.byNumber.get(number);
    if (machine === undefined) return;
    machine.closed = true;
    this.world.events.add(this.world.now + RECLAIM_NOTICE_MS, EVENT.reclaim, number);
    for (const runner of [...(this.tenants.get(machine) ?? [])]) {
      this.consequences.drain(runner, RECLAIMED, RECLAIM_NOTICE_MS);
    }
  }

  reclaim(number: number): void {
    const machine = this.byNumber.get(number);
    if (machine === undefined) return;
    for (const runner of [...(this.tenants.get(machine) ?? [])]) this.consequences.lose(runner, RECLAIMED);
    this.end(machine);
  }

  private launch(app: AppState): Machine {
    const together = this.machines.has(app.number) ? 1 : this.machines.pool.machinesFromZero;
    const machine = this.launchOne(app);
    for (let more = 1; more < together && !this.machines.full; more += 1) this.emptied(this.launchOne(app));
    return machine;
  }

  private launchOne(app: AppState): Machine {
    const machine = this.machines.launch(app.number, this.world.now);
    this.byNumber.set(machine.number, machine);
    this.tenants.set(machine, new Set());
    const rate = this.faults.reclaimsPerHour ?? 0;
    if (rate > 0) {
      this.world.events.add(this.world.now + this.random.exponential(HOUR_MS / rate), EVENT.notice, machine.number);
    }
    return machine;
  }

  private emptied(machine: Machine): void {
    const { keepAliveMs } = this.machines.pool;
    if (keepAliveMs === 0 || machine.closed) this.end(machine);
    else this.world.events.add(this.world.now + keepAliveMs, EVENT.machineIdle, machine.number);
  }

  private end(machine: Machine): void {
    this.machines.end(machine, this.world.now);
    this.world.changedAt = this.world.now;
    this.byNumber.delete(machine.number);
    this.tenants.delete(machine);
    this.placeWaiting();
  }

  private placeWaiting(): void {
    for (const runner of [...this.queue]) this.consequences.place(runner);
  }
}

const HOUR_MS = 3_600_000;
const RECLAIMED = 'its machine was reclaimed';
