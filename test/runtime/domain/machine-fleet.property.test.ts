import fc from 'fast-check';
import { coolDownAfter, type CoolDown } from '../../../runtime/domain/capacity-cool-down';
import { less, type PoolMachine, type Room, type WaitingRunner } from '../../../runtime/domain/machine';
import { placeRunners } from '../../../runtime/domain/machine-placement';
import { sizePools, type Pool, type Sizing } from '../../../runtime/domain/machine-sizing';

const POOLS: readonly Pool[] = [pool('small', 1, 3), pool('large', 4, 2), pool('spot', 4, 2, 'spot')];
const BOOT_MS = 60_000;
const TICK_MS = 10_000;

/** What happens between two passes. */
type Event =
  | { readonly kind: 'launch'; readonly gpus: number; readonly pools: readonly string[] }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'stock'; readonly pool: string; readonly available: boolean }
  | { readonly kind: 'wait'; readonly passes: number };

const events = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('launch' as const),
      gpus: fc.integer({ min: 1, max: 4 }),
      pools: fc.shuffledSubarray(
        POOLS.map(({ pool }) => pool),
        { minLength: 1 },
      ),
    }),
    fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
    fc.record({
      kind: fc.constant('stock' as const),
      pool: fc.constantFrom(...POOLS.map(({ pool }) => pool)),
      available: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('wait' as const), passes: fc.integer({ min: 1, max: 40 }) }),
  ),
  { minLength: 1, maxLength: 40 },
);

test('whatever happens, GPUs are given once, pools stay within their limits and no machine is ended that is of use', () => {
  fc.assert(
    fc.property(events, (history) => {
      const fleet = new ModelFleet();
      for (const event of history) fleet.apply(event);
    }),
    { numRuns: 100 },
  );
});

test('once there is stock, every runner that fits a pool is placed as others leave, and all machines end after them', () => {
  fc.assert(
    fc.property(events, (history) => {
      const fleet = new ModelFleet();
      for (const event of history) fleet.apply(event);
      for (const { pool } of POOLS) fleet.apply({ kind: 'stock', pool, available: true });
      for (let round = 0; round < 200 && (fleet.waiting.length > 0 || fleet.placed.size > 0); round++) {
        fleet.apply({ kind: 'wait', passes: 80 });
        while (fleet.placed.size > 0) fleet.apply({ kind: 'leave', which: 0 });
      }
      expect(fleet.waiting).toEqual([]);
      fleet.apply({ kind: 'wait', passes: 80 });
      expect(fleet.machines.size).toBe(0);
    }),
    { numRuns: 30 },
  );
});

/** A cluster that does what the plan says, checking the plan as it goes. */
class ModelFleet {
  now = 1_000_000;
  machines = new Map<string, PoolMachine>();
  waiting: readonly WaitingRunner[] = [];
  readonly placed = new Map<string, { readonly machine: string; readonly needs: Room }>();
  private readonly empty = new Set<string>();
  private coolDowns: readonly CoolDown[] = [];
  private count = 0;

  apply(event: Event): void {
    if (event.kind === 'launch') this.launch(event.gpus, event.pools);
    else if (event.kind === 'leave') this.leave(event.which);
    else if (event.kind === 'stock') this.stock(event.pool, event.available);
    else for (let pass = 0; pass < event.passes; pass++) this.pass();
  }

  private launch(gpus: number, pools: readonly string[]): void {
    const holding = pools.filter((name) => POOLS.some((one) => one.pool === name && one.gpus >= gpus));
    if (holding.length === 0) return;
    const id = `r${String(++this.count).padStart(6, '0')}`;
    const needs = { gpus, cpu: 1024 * gpus, memoryMiB: 1000 * gpus };
    this.waiting = [...this.waiting, { id, app: `app-${gpus}`, revision: '1', needs, pools: holding }];
    this.pass();
  }

  private leave(which: number): void {
    const runner = [...this.placed.keys()][which % Math.max(1, this.placed.size)];
    if (runner !== undefined) this.placed.delete(runner);
    this.pass();
  }

  private stock(name: string, available: boolean): void {
    if (available) this.empty.delete(name);
    else this.empty.add(name);
  }

  private pass(): void {
    this.now += TICK_MS;
    this.observe();
    const before = [...this.machines.values()];
    const placements = placeRunners(this.waiting, before);
    for (const { runner, machine } of placements.placements) {
      const { needs } = this.waiting.find(({ id }) => id === runner)!;
      this.placed.set(runner, { machine, needs });
    }
    this.waiting = placements.unplaced;
    this.machines = new Map(placements.machines.map((machine) => [machine.id, machine]));
    expectRoom(this.machines, this.placed);
    expectNothingMissed(this.waiting, placements.machines);
    const machines = [...this.machines.values()];
    const { waiting: unplaced, coolDowns } = this;
    this.carryOut(sizePools({ pools: POOLS, machines, unplaced, coolDowns }, this.now));
  }

  /** Machines register after a while; what runners left is free again. */
  private observe(): void {
    for (const machine of this.machines.values()) {
      const state = machine.state === 'starting' && this.now - machine.launchedAt >= BOOT_MS ? 'active' : machine.state;
      const held = [...this.placed.values()].filter((one) => one.machine === machine.id);
      const { idleSince, ...rest } = machine;
      const idle = state !== 'starting' && held.length === 0 ? { idleSince: idleSince ?? this.now } : {};
      const free = held.reduce((room, one) => less(room, one.needs), machine.total);
      this.machines.set(machine.id, { ...rest, ...idle, state, free, runners: held.length });
    }
  }

  private carryOut(sizing: Sizing): void {
    this.expectNoFlapping(sizing);
    for (const { id } of this.waiting) expect(sizing.waits.get(id)).toMatch(/./);
    for (const { machine, why } of sizing.terminations) {
      expect([...this.placed.values()].filter((one) => one.machine === machine)).toEqual([]);
      expect(why).toMatch(/empty/);
      this.machines.delete(machine);
    }
    for (const { machine, reason } of sizing.drains) {
      const drained = this.machines.get(machine)!;
      const { keepAlive } = POOLS.find((one) => one.pool === drained.pool)!;
      expect(this.now - drained.idleSince!).toBeGreaterThanOrEqual(keepAlive * 1000);
      this.machines.set(machine, { ...drained, state: 'draining', drain: reason });
    }
    for (const launch of sizing.launches) this.launchMachines(launch);
    for (const { pool: name, maxMachines } of POOLS) {
      expect([...this.machines.values()].filter((one) => one.pool === name).length).toBeLessThanOrEqual(maxMachines);
    }
  }

  private expectNoFlapping(sizing: Sizing): void {
    const growing = new Set(sizing.launches.map((launch) => launch.pool));
    for (const { machine } of [...sizing.drains, ...sizing.terminations]) {
      expect(growing.has(this.machines.get(machine)!.pool)).toBe(false);
    }
  }

  private launchMachines({ pool: name, zone, count }: Sizing['launches'][number]): void {
    const { instanceType, market, gpus, cpu, memoryMiB } = POOLS.find((one) => one.pool === name)!;
    if (this.empty.has(name)) {
      const refusal = { instanceType, market, zone, kind: 'capacity', code: 'InsufficientInstanceCapacity' } as const;
      const before = this.coolDowns.find(
        (one) => one.instanceType === instanceType && one.zone === zone && one.market === market,
      );
      this.coolDowns = [...this.coolDowns.filter((one) => one !== before), coolDownAfter(refusal, before, this.now)];
      return;
    }
    for (let number = 0; number < count; number++) {
      const total = { gpus, cpu, memoryMiB };
      const id = `i-${String(++this.count)}`;
      this.machines.set(id, {
        ...{ id, pool: name, zone, launchedAt: this.now, state: 'starting', total, free: total },
        ...{ runners: 0, failedStarts: 0, images: [], apps: [] },
      });
    }
  }
}

function expectRoom(machines: ReadonlyMap<string, PoolMachine>, placed: ModelFleet['placed']): void {
  for (const machine of machines.values()) {
    const held = [...placed.values()].filter((one) => one.machine === machine.id);
    expect(held.reduce((sum, one) => sum + one.needs.gpus, 0)).toBeLessThanOrEqual(machine.total.gpus);
    if (held.length > 0) expect(machine.state).toBe('active');
  }
}

function expectNothingMissed(waiting: readonly WaitingRunner[], machines: readonly PoolMachine[]): void {
  for (const { needs, pools } of waiting) {
    const able = machines.filter(
      (machine) => machine.state === 'active' && pools.includes(machine.pool) && machine.free.gpus >= needs.gpus,
    );
    expect(able).toEqual([]);
  }
}

function pool(name: string, gpus: number, maxMachines: number, market: Pool['market'] = 'on-demand'): Pool {
  return {
    ...{ pool: name, instanceType: gpus === 1 ? 'g5.xlarge' : 'g5.12xlarge', market, autoScalingGroup: name },
    ...{ gpus, cpu: 4096 * gpus, memoryMiB: 15_000 * gpus, keepAlive: 120, maxMachines, zones: ['a', 'b'] },
  };
}
