/** Carries out what was decided for pools: launches machines, drains them, ends them. */
import { randomUUID } from 'node:crypto';
import { ANY_ZONE, coolDownAfter, COOL_DOWN_MEMORY_MS, type Offer, type Refusal } from '../domain/capacity-cool-down';
import type { PoolDeployment } from '../domain/deployment';
import type { PoolMachine, WaitingRunner } from '../domain/machine';
import { REGISTRATION_LIMIT_MS, sizePools, type Drain, type Launch, type Sizing } from '../domain/machine-sizing';
import type { Clock } from '../ports';
import type { EcsContainerInstances } from './ecs-container-instances';
import type { MachineGroups, PoolGroup } from './machines-auto-scaling';
import type { FleetNotes, MachineNote, PoolNote } from './machines-notes';
import { newMachineNote, observeMachines, poolsSeen, type Sight } from './machines-observation';

/** How long a group may want more than it has before that is corrected: it counts a machine before it names it. */
export const DESIRED_ABOVE_LIMIT_MS = 30_000;

/** An unanswered launch is asked about for this long. How long Auto Scaling remembers a token is not documented. */
const LAUNCH_MEMORY_MS = 300_000;

/** Rounds of launching in one pass: each refusal leads to the next zone or pool. */
const LAUNCH_ROUNDS = 20;

export interface MachinePoolsOptions {
  readonly groups: MachineGroups;
  readonly instances: EcsContainerInstances;
  readonly clock: Clock;
  readonly onError: (error: unknown, doing: string) => void;
}

export class MachinePools {
  constructor(private readonly options: MachinePoolsOptions) {}

  /** Finishes what earlier passes began, then looks at all machines and notes what is seen. */
  async look(notes: FleetNotes, sight: Sight): Promise<readonly PoolMachine[]> {
    for (const [name, group] of sight.groups) {
      if (group.rebalances)
        await this.attempt(`suspending AZRebalance of ${name}`, () => this.options.groups.suspendRebalancing(name));
    }
    for (const pool of sight.pools) {
      await this.attempt(`looking after pool ${pool.pool}`, () => this.finishLaunches(notes, sight, pool));
    }
    const seen = observeMachines(sight, notes);
    for (const note of seen.notes) {
      await notes.put(note);
      await this.attempt(`draining ${note.id}`, () => this.repeatDrain(sight, note));
    }
    for (const note of seen.gone) await notes.remove(note);
    await this.noteRoom(notes, sight, seen.machines);
    for (const note of notes.all('cool-down')) {
      if (this.now >= note.coolDown.until + COOL_DOWN_MEMORY_MS) await notes.remove(note);
    }
    return seen.machines;
  }

  /** Launches, drains and ends machines. Returns what the unplaced runners wait for. */
  async size(
    notes: FleetNotes,
    sight: Sight,
    machines: readonly PoolMachine[],
    unplaced: readonly WaitingRunner[],
  ): Promise<ReadonlyMap<string, string>> {
    const grown = new Set<string>();
    const present = new Map(machines.map((machine) => [machine.id, machine]));
    let seen = sight;
    let sizing = this.plan(notes, sight, machines, unplaced, grown);
    for (let round = 0, answered = true; round < LAUNCH_ROUNDS && answered && sizing.launches.length > 0; round++) {
      answered = false;
      for (const launch of sizing.launches) {
        const after = await this.launch(notes, seen, launch, grown);
        answered ||= after !== undefined;
        seen = after ?? seen;
      }
      for (const machine of observeMachines(seen, notes).machines) {
        if (!present.has(machine.id)) present.set(machine.id, machine);
      }
      sizing = this.plan(notes, sight, [...present.values()], unplaced, grown);
    }
    await this.shrink(notes, sizing);
    for (const pool of sight.pools) {
      await this.attempt(`correcting ${pool.autoScalingGroup}`, () =>
        this.correct(notes, sight, pool, [...present.values()]),
      );
    }
    return sizing.waits;
  }

  /** Lets an idle machine that was draining take runners again. */
  async callBack(notes: FleetNotes, machine: string): Promise<boolean> {
    const note = notes.get('machine', machine);
    if (note?.containerInstance === undefined) return false;
    const { containerInstance } = note;
    return this.attempt(`calling ${machine} back`, async () => {
      await this.options.instances.setStatus(containerInstance, 'ACTIVE');
      const { drain: _drain, ...rest } = note;
      await notes.put<MachineNote>(rest);
    });
  }

  /** Notes that an offer was refused, so that it is not tried again at once. */
  async coolDown(notes: FleetNotes, refusal: Refusal): Promise<void> {
    const id = nameOf(refusal);
    const coolDown = coolDownAfter(refusal, notes.get('cool-down', id)?.coolDown, this.now);
    const expiresAt = coolDown.until + COOL_DOWN_MEMORY_MS;
    await notes.put({ kind: 'cool-down', id, version: 1, coolDown, expiresAt });
  }

  private get now(): number {
    return this.options.clock.now();
  }

  private plan(
    notes: FleetNotes,
    sight: Sight,
    machines: readonly PoolMachine[],
    unplaced: readonly WaitingRunner[],
    grown: ReadonlySet<string>,
  ): Sizing {
    const coolDowns = notes.all('cool-down').map((note) => note.coolDown);
    return sizePools({ pools: poolsSeen(sight, notes), machines, unplaced, coolDowns, grown }, this.now);
  }

  /** Asks for machines. Returns what is to be seen then, or `undefined` when nobody knows what came of it. */
  private async launch(
    notes: FleetNotes,
    sight: Sight,
    launch: Launch,
    grown: Set<string>,
  ): Promise<Sight | undefined> {
    const pool = sight.pools.find((one) => one.pool === launch.pool);
    if (pool === undefined || poolNote(notes, pool).launching !== undefined) return undefined;
    grown.add(pool.pool);
    if (pool.warmPool) return this.ask(notes, sight, pool, launch.count);
    const launching = { token: randomUUID(), zone: launch.zone, count: launch.count, at: this.now };
    await notes.put({ ...poolNote(notes, pool), launching });
    return (await this.launchNoted(notes, pool)) ? sight : undefined;
  }

  /** Makes the noted call, for the first time or again. Notes the machines that came and what was refused. */
  private async launchNoted(notes: FleetNotes, pool: PoolDeployment): Promise<boolean> {
    const { launching, ...rest } = poolNote(notes, pool);
    if (launching === undefined) return true;
    const answer = await this.options.groups.launch(pool, launching.zone, launching.count, launching.token);
    if (answer.kind === 'unanswered') {
      this.options.onError(new Error(answer.reason), `launching ${pool.instanceType} in ${launching.zone}`);
      return false;
    }
    for (const { id, zone } of answer.instances) {
      if (notes.get('machine', id) === undefined) await notes.put(newMachineNote(id, pool.pool, zone, launching.at));
    }
    for (const refusal of answer.refusals) await this.coolDown(notes, refusal);
    if (answer.refusals.length === 0)
      await notes.remove({ kind: 'cool-down', id: nameOf({ ...pool, zone: launching.zone }) });
    await notes.put<PoolNote>(rest);
    return true;
  }

  /** Takes machines from the group's warm pool. */
  private async ask(notes: FleetNotes, sight: Sight, pool: PoolDeployment, count: number): Promise<Sight | undefined> {
    const group = sight.groups.get(pool.autoScalingGroup);
    if (group === undefined) return undefined;
    await notes.put({ ...poolNote(notes, pool), askedAt: this.now });
    const desired = Math.max(group.desired, group.instances.length) + count;
    await this.options.groups.setDesired(pool.autoScalingGroup, desired);
    return { ...sight, groups: new Map(sight.groups).set(pool.autoScalingGroup, { ...group, desired }) };
  }

  private async finishLaunches(notes: FleetNotes, sight: Sight, pool: PoolDeployment): Promise<void> {
    const { launching, askedAt, ...rest } = poolNote(notes, pool);
    const group = sight.groups.get(pool.autoScalingGroup);
    if (launching !== undefined) {
      if (this.now - launching.at < LAUNCH_MEMORY_MS) await this.launchNoted(notes, pool);
      else await notes.put<PoolNote>(rest);
    } else if (askedAt !== undefined && group !== undefined) {
      await this.finishAsking(notes, pool, group, askedAt);
    }
  }

  /** A group with a warm pool says later, and elsewhere, what it could not get. */
  private async finishAsking(
    notes: FleetNotes,
    pool: PoolDeployment,
    group: PoolGroup,
    askedAt: number,
  ): Promise<void> {
    const { askedAt: _asked, ...answered } = poolNote(notes, pool);
    if (group.desired > group.instances.length) {
      const overdue = this.now - askedAt >= REGISTRATION_LIMIT_MS;
      const { groups } = this.options;
      const refusal = (await groups.failureSince(pool, askedAt)) ?? (overdue ? nothingCame(pool) : undefined);
      if (refusal === undefined) return;
      await groups.setDesired(pool.autoScalingGroup, group.instances.length);
      await this.coolDown(notes, refusal);
    }
    await notes.put<PoolNote>(answered);
  }

  private async shrink(notes: FleetNotes, sizing: Sizing): Promise<void> {
    for (const drain of sizing.drains) {
      await this.attempt(`draining ${drain.machine}: ${drain.why}`, () => this.drain(notes, drain));
    }
    for (const { machine, why } of sizing.terminations) {
      const note = notes.get('machine', machine);
      if (note === undefined) continue;
      await this.attempt(`ending ${machine}: ${why}`, async () => {
        await this.options.groups.terminate(machine);
        await notes.put<MachineNote>({ ...note, terminatedAt: this.now });
      });
    }
  }

  private async drain(notes: FleetNotes, { machine, reason }: Drain): Promise<void> {
    const note = notes.get('machine', machine);
    if (note?.containerInstance === undefined) return;
    await notes.put<MachineNote>({ ...note, drain: reason });
    await this.options.instances.setStatus(note.containerInstance, 'DRAINING');
  }

  /** A machine that is noted as draining and does not: the call failed. */
  private async repeatDrain(sight: Sight, note: MachineNote): Promise<void> {
    const instance = sight.instances.find((one) => one.instance === note.id);
    if (note.drain !== undefined && instance?.status === 'ACTIVE')
      await this.options.instances.setStatus(instance.arn, 'DRAINING');
  }

  /** A group that lost a machine would launch another on its own: it is told to want what it has. */
  private async correct(
    notes: FleetNotes,
    sight: Sight,
    pool: PoolDeployment,
    machines: readonly PoolMachine[],
  ): Promise<void> {
    const group = sight.groups.get(pool.autoScalingGroup);
    const note = poolNote(notes, pool);
    const { desiredAboveSince, ...rest } = note;
    const count = machines.filter((machine) => machine.pool === pool.pool).length;
    const above = group !== undefined && group.desired > count && note.askedAt === undefined;
    if (!above) {
      if (desiredAboveSince !== undefined) await notes.put<PoolNote>(rest);
    } else if (desiredAboveSince === undefined) {
      await notes.put({ ...note, desiredAboveSince: this.now });
    } else if (this.now - desiredAboveSince >= DESIRED_ABOVE_LIMIT_MS) {
      await this.options.groups.setDesired(pool.autoScalingGroup, count);
      await notes.put<PoolNote>(rest);
    }
  }

  private async noteRoom(notes: FleetNotes, sight: Sight, machines: readonly PoolMachine[]): Promise<void> {
    for (const pool of sight.pools) {
      const machine = machines.find((one) => one.pool === pool.pool && one.state === 'active');
      if (machine !== undefined) await notes.put({ ...poolNote(notes, pool), registered: machine.total });
    }
  }

  private async attempt(doing: string, step: () => Promise<unknown>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.options.onError(error, doing);
      return false;
    }
  }
}

function poolNote(notes: FleetNotes, { pool }: PoolDeployment): PoolNote {
  return notes.get('pool', pool) ?? { kind: 'pool', id: pool, version: 1 };
}

function nameOf({ instanceType, market, zone }: Offer): string {
  return [instanceType, market, zone].join('|');
}

function nothingCame({ instanceType, market }: PoolDeployment): Refusal {
  return { instanceType, market, zone: ANY_ZONE, kind: 'error', code: 'its Auto Scaling group launched nothing' };
}
