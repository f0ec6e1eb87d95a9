/**
 * One picture of all machines, made of what Auto Scaling and ECS say and what was noted before. Both list with a lag, so
 * that what is missing from one listing is only missing: it counts as gone when ECS or Auto Scaling says so of it by
 * name, or after it was missing for a minute.
 */
import type { PoolDeployment } from '../domain/deployment';
import { imageOf, less, type PoolMachine, type Room } from '../domain/machine';
import type { Pool } from '../domain/machine-sizing';
import type { EcsContainerInstance } from './ecs-container-instances';
import type { EcsTask } from './ecs-tasks';
import type { PoolGroup } from './machines-auto-scaling';
import type { FleetNotes, MachineNote, PoolNote, RunnerNote } from './machines-notes';

/** How long a machine may be missing from every listing before it counts as gone. */
export const MISSING_LIMIT_MS = 60_000;

/** How long a machine that was told to end may still be listed before it is told again. */
const TERMINATION_MEMORY_MS = 300_000;

/** What was seen in one look. */
export interface Sight {
  readonly at: number;
  readonly pools: readonly PoolDeployment[];
  readonly groups: ReadonlyMap<string, PoolGroup>;
  readonly instances: readonly EcsContainerInstance[];
  readonly tasks: readonly EcsTask[];
}

export interface MachinesSeen {
  readonly machines: readonly PoolMachine[];
  /** The notes as they are to be now. */
  readonly notes: readonly MachineNote[];
  /** Notes of machines that are gone. */
  readonly gone: readonly MachineNote[];
}

export function observeMachines(sight: Sight, notes: FleetNotes): MachinesSeen {
  const looks = [...candidates(sight, notes)].map((candidate) => new Look(candidate, sight, notes));
  const present = looks.filter((look) => !look.gone && !look.terminated);
  const pending = sight.pools.flatMap((pool) => unnamedMachines(pool, sight, notes.get('pool', pool.pool)));
  return {
    machines: [...present.map((look) => look.machine()), ...pending],
    notes: present.map((look) => look.note()),
    gone: looks.filter((look) => look.gone).map((look) => look.before),
  };
}

/** The pools with their groups' zones and what their machines were seen to offer. */
export function poolsSeen(sight: Sight, notes: FleetNotes): readonly Pool[] {
  return sight.pools.map((pool) => {
    const registered = notes.get('pool', pool.pool)?.registered;
    const zones = sight.groups.get(pool.autoScalingGroup)?.zones ?? [];
    return { ...pool, zones, ...(registered === undefined ? {} : { registered }) };
  });
}

interface Candidate {
  readonly id: string;
  readonly pool: PoolDeployment;
  readonly before: MachineNote;
}

/** Every machine that was noted or that a group names. */
function* candidates(sight: Sight, notes: FleetNotes): Iterable<Candidate> {
  const pools = new Map(sight.pools.map((pool) => [pool.pool, pool]));
  for (const before of notes.all('machine')) {
    const pool = pools.get(before.pool);
    if (pool !== undefined) yield { id: before.id, pool, before };
  }
  for (const pool of sight.pools) {
    for (const { id, zone } of sight.groups.get(pool.autoScalingGroup)?.instances ?? []) {
      if (notes.get('machine', id) === undefined)
        yield { id, pool, before: newMachineNote(id, pool.pool, zone, sight.at) };
    }
  }
}

export function newMachineNote(id: string, pool: string, zone: string, launchedAt: number): MachineNote {
  return { kind: 'machine', id, version: 1, pool, zone, launchedAt, failedStarts: 0, images: [], apps: [] };
}

/** One machine: what is noted of it beside what is seen. */
class Look {
  readonly before: MachineNote;
  private readonly inGroup: boolean;
  private readonly ending: boolean;
  private readonly instance: EcsContainerInstance | undefined;
  private readonly held: readonly Room[];
  private readonly state: PoolMachine['state'];
  private readonly runners: number;

  constructor(
    private readonly candidate: Candidate,
    private readonly sight: Sight,
    notes: FleetNotes,
  ) {
    this.before = candidate.before;
    const group = sight.groups.get(candidate.pool.autoScalingGroup);
    this.inGroup = group?.instances.some(({ id }) => id === candidate.id) ?? false;
    this.ending = group?.ending.includes(candidate.id) ?? false;
    this.instance = sight.instances.find(({ instance }) => instance === candidate.id);
    this.held = this.roomsHeld(notes);
    this.state = this.stateSeen();
    this.runners = this.runnersSeen();
  }

  /** It was told to end, and that is not seen yet. */
  get terminated(): boolean {
    const { terminatedAt } = this.before;
    return terminatedAt !== undefined && this.sight.at - terminatedAt < TERMINATION_MEMORY_MS;
  }

  get gone(): boolean {
    if (this.terminated) return false;
    if (this.before.terminatedAt !== undefined && !this.inGroup) return true;
    if (this.ending || this.instance?.status === 'INACTIVE') return true;
    return !this.present && this.sight.at - this.missingSince >= MISSING_LIMIT_MS;
  }

  note(): MachineNote {
    const {
      idleSince: _idle,
      unreachableSince: _away,
      missingSince: _missing,
      terminatedAt: _over,
      ...kept
    } = this.before;
    const { at } = this.sight;
    const idle = this.takesPart && this.runners === 0;
    return {
      ...kept,
      ...(this.instance === undefined ? {} : { containerInstance: this.instance.arn }),
      ...(idle ? { idleSince: this.before.idleSince ?? at } : {}),
      ...(this.state === 'unreachable' ? { unreachableSince: this.before.unreachableSince ?? at } : {}),
      ...(this.present ? {} : { missingSince: this.missingSince }),
    };
  }

  machine(): PoolMachine {
    const { pool } = this.candidate;
    const total = this.instance?.registered ?? roomOf(pool);
    const { idleSince, unreachableSince, images, apps, failedStarts, drain, zone, launchedAt } = this.note();
    return {
      ...{ id: this.candidate.id, pool: pool.pool, zone, launchedAt, state: this.state, total, free: this.free(total) },
      ...{ runners: this.runners, images, apps, failedStarts },
      ...(idleSince === undefined ? {} : { idleSince }),
      ...(unreachableSince === undefined ? {} : { unreachableSince }),
      ...(drain === undefined || this.state !== 'draining' ? {} : { drain }),
      ...(this.instance?.impaired ? { impaired: 'ECS reports it as impaired' } : {}),
    };
  }

  /** One that was part of the cluster and no longer is has to be looked for again, though its group may still name it. */
  private get present(): boolean {
    return this.instance !== undefined || (this.inGroup && !isKnown(this.before));
  }

  private get missingSince(): number {
    return this.before.missingSince ?? this.sight.at;
  }

  /** Seen by ECS, so that it may hold runners. */
  private get takesPart(): boolean {
    return this.state === 'active' || this.state === 'draining' || this.state === 'unreachable';
  }

  private stateSeen(): PoolMachine['state'] {
    const { instance, before } = this;
    if (instance === undefined) return isKnown(before) ? 'missing' : 'starting';
    if (instance.status === 'DRAINING') return 'draining';
    if (instance.status !== 'ACTIVE') return 'starting';
    // It is to drain and does not yet: the call is repeated, and until then it takes nothing.
    if (before.drain !== undefined) return 'missing';
    return instance.connected ? 'active' : 'unreachable';
  }

  /** ECS counts more than was listed while a task stops, fewer while a listing is newer than its count. */
  private runnersSeen(): number {
    const services = this.tasksHere().filter((task) => task.ofService).length;
    // A silent agent reports no end of a task: what ECS was told to stop is not waited for.
    const counted = this.state === 'active' || this.instance?.connected ? (this.instance?.tasks ?? 0) - services : 0;
    return Math.max(this.held.length, counted);
  }

  private free(total: Room): Room {
    const left = this.held.reduce(less, total);
    const { cpu, memoryMiB } = this.instance?.remaining ?? total;
    return { gpus: left.gpus, cpu: Math.min(left.cpu, cpu), memoryMiB: Math.min(left.memoryMiB, memoryMiB) };
  }

  /** What runners hold: those whose tasks were seen, and those placed that no listing has yet. */
  private roomsHeld(notes: FleetNotes): readonly Room[] {
    const runners = notes.all('runner').filter((runner) => runner.ended === undefined);
    const needsOf = new Map(runners.map((runner) => [runner.id, runner.needs]));
    const tasks = this.tasksHere().filter((task) => !task.ofService && task.status !== 'STOPPED');
    const seen = new Set(tasks.map((task) => task.runner));
    const placed = runners.filter((runner) => runner.machine === this.candidate.id && !seen.has(runner.id));
    return [
      ...tasks.map((task) => needsOf.get(task.runner ?? '') ?? task.room),
      ...placed.map((runner) => runner.needs),
    ];
  }

  private tasksHere(): readonly EcsTask[] {
    const { instance } = this;
    return instance === undefined ? [] : this.sight.tasks.filter((task) => task.containerInstance === instance.arn);
  }
}

function isKnown(note: MachineNote): boolean {
  return note.containerInstance !== undefined;
}

/** Machines that were asked for and have no id yet: a launch nobody saw answered, a group that takes them from its warm pool. */
function unnamedMachines(pool: PoolDeployment, sight: Sight, note: PoolNote | undefined): readonly PoolMachine[] {
  const group = sight.groups.get(pool.autoScalingGroup);
  const asked = note?.askedAt === undefined ? 0 : (group?.desired ?? 0) - (group?.instances.length ?? 0);
  const count = Math.max(asked, note?.launching?.count ?? 0);
  const total = roomOf(pool);
  return Array.from({ length: Math.max(0, count) }, (_, number) => ({
    ...{ id: `${pool.pool}#asked-${number}`, pool: pool.pool, zone: note?.launching?.zone ?? '' },
    ...{ launchedAt: note?.launching?.at ?? note?.askedAt ?? sight.at, state: 'starting', total, free: total },
    ...{ runners: 0, failedStarts: 0, images: [], apps: [] },
  }));
}

/** Notes that a runner's containers run on the machine: its image is there, and its weights soon are. */
export function withRunner(note: MachineNote, runner: RunnerNote): MachineNote {
  return {
    ...note,
    failedStarts: 0,
    images: latest(note.images, imageOf(runner)),
    apps: latest(note.apps, runner.app),
  };
}

/** What a disk holds is bounded, and so is its note. */
const KEPT_ON_DISK = 20;

function latest(names: readonly string[], name: string): readonly string[] {
  if (names.at(-1) === name) return names;
  return [...names.filter((one) => one !== name), name].slice(-KEPT_ON_DISK);
}

function roomOf({ gpus, cpu, memoryMiB }: Room): Room {
  return { gpus, cpu, memoryMiB };
}
