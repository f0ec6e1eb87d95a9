/**
 * How many machines there should be: which to launch for runners that found no room, which to drain, which to end. Pure:
 * the fleet on AWS carries it out, the simulator may.
 *
 * A machine goes in three steps, each seen done before the next: it drains, it is seen empty, it is terminated.
 */
import { ANY_ZONE, coolingDown, type CoolDown } from './capacity-cool-down';
import type { PoolDeployment } from './deployment';
import { fits, type DrainReason, type PoolMachine, type Room, type WaitingRunner } from './machine';
import { bestMachine, occupied } from './machine-placement';
import { whatItWaitsFor, type Obstacle } from './machine-waiting';

/** A machine that is not part of the cluster this long after its launch never will be. */
export const REGISTRATION_LIMIT_MS = 600_000;

/** How long an ECS agent may be silent: it reconnects by itself now and then. */
export const UNREACHABLE_LIMIT_MS = 300_000;

/** Starts that failed in a row on one machine, for reasons that lie with the machine, before it is given up. */
export const FAILED_STARTS_LIMIT = 3;

/** `LaunchInstances` takes no more at once. */
const LAUNCHED_AT_ONCE = 100;

export interface Pool extends PoolDeployment {
  /** Zones the Auto Scaling group may use; empty when there is no such group. */
  readonly zones: readonly string[];
  /** What a machine of the pool was last seen to offer, where that was less than declared. */
  readonly registered?: Room;
}

export interface SizingInput {
  readonly pools: readonly Pool[];
  /** After the runners that found a machine were placed. */
  readonly machines: readonly PoolMachine[];
  readonly unplaced: readonly WaitingRunner[];
  readonly coolDowns: readonly CoolDown[];
  /** Pools that grew earlier in the same pass. */
  readonly grown?: ReadonlySet<string>;
}

export interface Sizing {
  readonly launches: readonly Launch[];
  readonly drains: readonly Drain[];
  readonly terminations: readonly Termination[];
  /** What each unplaced runner waits for, in words, by its id. */
  readonly waits: ReadonlyMap<string, string>;
}

export interface Launch {
  readonly pool: string;
  /** `ANY_ZONE` where the group chooses. */
  readonly zone: string;
  readonly count: number;
}

export interface Drain {
  readonly machine: string;
  readonly reason: DrainReason;
  readonly why: string;
}

export interface Termination {
  readonly machine: string;
  readonly why: string;
}

export function sizePools(input: SizingInput, now: number): Sizing {
  const { launches, waits } = new Launches(input, now).plan();
  // A pool that grows keeps what it has, but for machines that are of no use to it.
  const growing = new Set([...launches.map((launch) => launch.pool), ...(input.grown ?? [])]);
  const keepAlive = new Map(input.pools.map((pool) => [pool.pool, pool.keepAlive * 1000]));
  const drains: Drain[] = [];
  const terminations: Termination[] = [];
  for (const machine of input.machines) {
    const fault = faultOf(machine, now);
    const end = endOf(machine, growing.has(machine.pool), now);
    if (end !== undefined) terminations.push({ machine: machine.id, why: end });
    else if (fault !== undefined) drains.push({ machine: machine.id, reason: 'broken', why: fault });
    else if (!growing.has(machine.pool) && idleFor(machine, keepAlive.get(machine.pool), now))
      drains.push({ machine: machine.id, reason: 'idle', why: 'it was empty for the keep-alive of its pool' });
  }
  return { launches, drains, terminations, waits };
}

/** What is wrong with a machine that is there, in words. */
function faultOf(machine: PoolMachine, now: number): string | undefined {
  if (machine.state === 'starting' || machine.state === 'missing') return undefined;
  if (machine.drain === 'broken' || machine.drain === 'reclaimed') return undefined;
  if (machine.impaired !== undefined) return machine.impaired;
  if (machine.failedStarts >= FAILED_STARTS_LIMIT)
    return `${machine.failedStarts} runners in a row could not start on it`;
  if (machine.unreachableSince !== undefined && now - machine.unreachableSince >= UNREACHABLE_LIMIT_MS)
    return 'its ECS agent is silent';
  return undefined;
}

function idleFor(machine: PoolMachine, keepAliveMs: number | undefined, now: number): boolean {
  if (machine.state !== 'active' || machine.runners > 0) return false;
  if (machine.idleSince === undefined || keepAliveMs === undefined) return false;
  return now - machine.idleSince >= keepAliveMs;
}

/** Why a machine is to be terminated now. */
function endOf(machine: PoolMachine, growing: boolean, now: number): string | undefined {
  if (machine.state === 'starting' && now - machine.launchedAt >= REGISTRATION_LIMIT_MS)
    return `it did not register with ECS within ${REGISTRATION_LIMIT_MS / 60_000} minutes`;
  if (machine.state !== 'draining' || machine.runners > 0) return undefined;
  if (machine.drain === 'idle' && growing) return undefined;
  return `it is empty (${machine.drain ?? 'idle'})`;
}

/** Machines that start or are to be launched, filled with the runners that wait for them. */
class Launches {
  private readonly pools: ReadonlyMap<string, Pool>;
  /** Machines that will take runners, those to be launched included. */
  private readonly coming: Map<string, PoolMachine>;
  private readonly present = new Map<string, number>();
  private readonly launches = new Map<string, Launch>();

  constructor(
    private readonly input: SizingInput,
    private readonly now: number,
  ) {
    this.pools = new Map(input.pools.map((pool) => [pool.pool, pool]));
    this.coming = new Map(input.machines.filter((machine) => this.comes(machine)).map((one) => [one.id, one]));
    for (const { pool } of input.machines) this.present.set(pool, (this.present.get(pool) ?? 0) + 1);
  }

  plan(): Pick<Sizing, 'launches' | 'waits'> {
    const waits = new Map(this.input.unplaced.map((runner) => [runner.id, this.provide(runner)]));
    return { launches: [...this.launches.values()], waits };
  }

  private comes(machine: PoolMachine): boolean {
    return machine.state === 'starting' && this.now - machine.launchedAt < REGISTRATION_LIMIT_MS;
  }

  /** Finds a machine for the runner among those that come, or has one launched. Returns what the runner waits for. */
  private provide(runner: WaitingRunner): string {
    const obstacles: Obstacle[] = [];
    const coming = bestMachine(runner, [...this.coming.values()]);
    for (const name of runner.pools) {
      if (name === coming?.pool) break;
      const obstacle = this.obstacleIn(name, runner);
      if (obstacle !== undefined) obstacles.push(obstacle);
      else if (coming === undefined) return this.assign(runner, this.launchIn(name), obstacles);
    }
    return coming === undefined
      ? whatItWaitsFor(undefined, obstacles, this.now)
      : this.assign(runner, coming, obstacles);
  }

  private assign(runner: WaitingRunner, machine: PoolMachine, obstacles: readonly Obstacle[]): string {
    this.coming.set(machine.id, occupied(machine, runner));
    return whatItWaitsFor(this.pools.get(machine.pool), obstacles, this.now);
  }

  /** What is in the way of one more machine of the pool for the runner. */
  private obstacleIn(name: string, runner: WaitingRunner): Obstacle | undefined {
    const pool = this.pools.get(name);
    if (pool === undefined || pool.zones.length === 0) return { kind: 'absent', pool: name };
    const room = pool.registered ?? pool;
    if (!fits(runner.needs, room)) return { kind: 'small', pool, room, needs: runner.needs };
    if ((this.present.get(name) ?? 0) >= pool.maxMachines) return { kind: 'full', pool };
    const zone = this.zoneFor(pool);
    return typeof zone === 'string' ? undefined : zone;
  }

  /** One more machine of a pool where nothing is in the way. */
  private launchIn(name: string): PoolMachine {
    const pool = this.pools.get(name);
    const zone = pool && this.zoneFor(pool);
    if (pool === undefined || typeof zone !== 'string') throw new Error(`Pool ${name} can't grow`);
    const launch = this.launches.get(name) ?? { pool: name, zone, count: 0 };
    this.present.set(name, (this.present.get(name) ?? 0) + 1);
    this.launches.set(name, { ...launch, count: launch.count + 1 });
    return newMachine(pool, zone, launch.count, this.now);
  }

  private zoneFor(pool: Pool): string | Obstacle {
    const started = this.launches.get(pool.pool);
    if (started !== undefined && started.count < LAUNCHED_AT_ONCE) return started.zone;
    const { instanceType, market } = pool;
    const coolDowns: CoolDown[] = [];
    for (const zone of started === undefined ? this.zonesOf(pool) : []) {
      const coolDown = coolingDown(this.input.coolDowns, { instanceType, market, zone }, this.now);
      if (coolDown === undefined) return zone;
      coolDowns.push(coolDown);
    }
    return { kind: 'refused', pool, coolDowns };
  }

  /** The zones in the order of their last refusal, those without any first. */
  private zonesOf(pool: Pool): readonly string[] {
    if (pool.warmPool) return [ANY_ZONE];
    const refusedUntil = (zone: string): number =>
      Math.max(
        0,
        ...this.input.coolDowns
          .filter((one) => one.instanceType === pool.instanceType && one.market === pool.market && one.zone === zone)
          .map((one) => one.until),
      );
    return [...pool.zones].sort((a, b) => refusedUntil(a) - refusedUntil(b));
  }
}

function newMachine(pool: Pool, zone: string, number: number, now: number): PoolMachine {
  const { gpus, cpu, memoryMiB } = pool.registered ?? pool;
  const total = { gpus, cpu, memoryMiB };
  return {
    id: `${pool.pool}#${number}`,
    pool: pool.pool,
    zone,
    launchedAt: now,
    state: 'starting',
    total,
    free: total,
    runners: 0,
    failedStarts: 0,
    images: [],
    apps: [],
  };
}
