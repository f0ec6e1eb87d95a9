/** The machines that runners run on: what is warm on each, who holds its GPUs, and what they cost. */
import type { Random } from './random';
import type { StartTimes } from './start-times';

export interface MachinePool {
  readonly gpusPerMachine: number;
  /** True when runners of different apps may share a machine, at once or one after the other. */
  readonly shared: boolean;
  /** How long a machine without runners stays; 0 ends it with its last runner. */
  readonly keepAliveMs: number;
  readonly maxMachines: number;
  /** How many apps' images and weights a machine's disk holds; the one used least recently makes room. */
  readonly appsOnDisk: number;
  /** Machines launched together for an app that has none. */
  readonly machinesFromZero: number;
}

/** A machine for each runner, which ends with it: GPU time is the runners' time. */
export const MACHINE_EACH: MachinePool = {
  gpusPerMachine: 1,
  shared: false,
  keepAliveMs: 0,
  maxMachines: Infinity,
  appsOnDisk: 8,
  machinesFromZero: 1,
};

export interface Machine {
  readonly number: number;
  readonly app: number;
  readonly launchedAt: number;
  /** When it can run containers. */
  readonly upAt: number;
  freeGpus: number;
  /** Ended, or about to be reclaimed: takes no runner. */
  closed: boolean;
  ended: boolean;
  emptySince: number;
  /** By app: when its image and weights are on the disk; undefined for what must be fetched again. In order of use. */
  readonly disk: Map<number, { readonly imageAt: number; weightsAt: number | undefined }>;
}

/** Where a runner starts, and when each stage before its set-up is over. */
export interface Placement {
  readonly machine: Machine;
  readonly upAt: number;
  readonly imageAt: number;
  readonly weightsAt: number;
}

export class Machines {
  /** Machines that were launched. */
  launched = 0;
  /** GPU-milliseconds of machines that ended. */
  private endedGpuMs = 0;
  private readonly present = new Set<Machine>();

  constructor(
    readonly pool: MachinePool,
    private readonly times: StartTimes,
    private readonly random: Random,
  ) {}

  /** What all machines have cost by then, in GPU-milliseconds: from the wish for a machine to its end. */
  gpuMs(now: number): number {
    let sum = this.endedGpuMs;
    for (const machine of this.present) sum += this.cost(machine, now);
    return sum;
  }

  /** The machine on which a runner would start soonest; of equals, the fullest, then the one emptied last. */
  choose(app: number, gpus: number, now: number): Machine | undefined {
    let best: Machine | undefined;
    let bestWait = Infinity;
    for (const machine of this.present) {
      if (machine.closed || machine.freeGpus < gpus || (!this.pool.shared && machine.app !== app)) continue;
      const wait = this.expectedWait(machine, app, now);
      if (best === undefined || wait < bestWait || (wait === bestWait && preferred(machine, best))) {
        best = machine;
        bestWait = wait;
      }
    }
    return best;
  }

  get full(): boolean {
    return this.present.size >= this.pool.maxMachines;
  }

  /** True when the app has a machine it may use, free or not. */
  has(app: number): boolean {
    for (const machine of this.present) if (this.pool.shared || machine.app === app) return true;
    return false;
  }

  launch(app: number, now: number): Machine {
    const machine: Machine = {
      number: this.launched,
      app,
      launchedAt: now,
      upAt: now + this.stage(this.times.machineS),
      freeGpus: this.pool.gpusPerMachine,
      closed: false,
      ended: false,
      emptySince: now,
      disk: new Map(),
    };
    this.launched += 1;
    this.present.add(machine);
    return machine;
  }

  /** Takes GPUs of the machine; fetches what its disk lacks. */
  occupy(machine: Machine, app: number, gpus: number, now: number): Placement {
    machine.freeGpus -= gpus;
    const upAt = Math.max(now, machine.upAt);
    const kept = machine.disk.get(app);
    const imageAt = kept?.imageAt ?? upAt + this.stage(this.times.imageS);
    const weightsAt = kept?.weightsAt ?? Math.max(upAt, imageAt) + this.stage(this.times.weightsS);
    machine.disk.delete(app);
    machine.disk.set(app, { imageAt, weightsAt });
    if (machine.disk.size > this.pool.appsOnDisk) {
      for (const oldest of machine.disk.keys()) {
        machine.disk.delete(oldest);
        break;
      }
    }
    return { machine, upAt, imageAt: Math.max(upAt, imageAt), weightsAt: Math.max(upAt, weightsAt) };
  }

  /** Gives GPUs back. What was not fetched to its end is not on the disk. */
  vacate(machine: Machine, app: number, gpus: number, now: number): void {
    machine.freeGpus += gpus;
    machine.emptySince = now;
    const disk = machine.disk.get(app);
    if (disk === undefined) return;
    if (disk.imageAt > now) machine.disk.delete(app);
    else if (disk.weightsAt !== undefined && disk.weightsAt > now) disk.weightsAt = undefined;
  }

  end(machine: Machine, now: number): void {
    if (machine.ended) return;
    machine.closed = true;
    machine.ended = true;
    this.present.delete(machine);
    this.endedGpuMs += this.cost(machine, now);
  }

  isEmpty(machine: Machine): boolean {
    return machine.freeGpus === this.pool.gpusPerMachine;
  }

  /** How long a set-up takes. */
  setupMs(): number {
    return this.stage(this.times.setupS);
  }

  private expectedWait(machine: Machine, app: number, now: number): number {
    const upAt = Math.max(now, machine.upAt);
    const disk = machine.disk.get(app);
    const imageAt = Math.max(upAt, disk?.imageAt ?? upAt + 1000 * this.times.imageS);
    return Math.max(imageAt, disk?.weightsAt ?? imageAt + 1000 * this.times.weightsS) - now;
  }

  private cost(machine: Machine, now: number): number {
    return this.pool.gpusPerMachine * (now - machine.launchedAt);
  }

  private stage(meanS: number): number {
    return this.random.logNormal(1000 * meanS, this.times.variation);
  }
}

function preferred(a: Machine, b: Machine): boolean {
  if (a.freeGpus !== b.freeGpus) return a.freeGpus < b.freeGpus;
  return a.emptySince > b.emptySince;
}
