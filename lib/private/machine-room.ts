import { MACHINES, type InstanceType } from '../../runtime/domain/machine-catalog';

/** A part of a machine: GPUs, CPU units (1,024 a vCPU) and MiB. */
export interface Room {
  readonly gpus: number;
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** What the agent beside an app needs. */
export const AGENT_ROOM: Room = { gpus: 0, cpu: 64, memoryMiB: 256 };

/** Kept from tasks for the operating system: `ECS_RESERVED_MEMORY`. */
export const RESERVED_MIB = 256;

/**
 * What a machine registers with ECS. Its kernel sees less memory than the data sheet says, by 2 to 7 percent; the
 * exact figures of the GPU types are not verified, so this is the low end.
 */
export function registeredRoom(instance: InstanceType): Room {
  const memoryMiB = Math.floor(instance.memoryMib * 0.925) - RESERVED_MIB;
  return { gpus: instance.gpus, cpu: instance.vcpus * 1024, memoryMiB };
}

/**
 * What one runner, with its agent, takes of a machine: the share that its GPUs are of the machine's, or the size of its
 * CPU machine type as far as the machine has it.
 */
export function runnerRoom(
  { machine, instance }: { readonly machine: string; readonly instance: InstanceType },
  numGpus: number,
): Room {
  const all = registeredRoom(instance);
  const needs = MACHINES.find(({ name }) => name === machine)?.needs;
  if (needs === undefined || 'gpuModels' in needs) {
    const share = numGpus / instance.gpus;
    return { gpus: numGpus, cpu: Math.floor(all.cpu * share), memoryMiB: Math.floor(all.memoryMiB * share) };
  }
  return {
    gpus: 0,
    cpu: Math.min(all.cpu, needs.vcpus * 1024 + AGENT_ROOM.cpu),
    memoryMiB: Math.min(all.memoryMiB, needs.memoryMib + AGENT_ROOM.memoryMiB),
  };
}

/** The room that a runner may take wherever it is placed. */
export function leastRoom(rooms: readonly Room[]): Room {
  return {
    gpus: Math.max(...rooms.map(({ gpus }) => gpus)),
    cpu: Math.min(...rooms.map(({ cpu }) => cpu)),
    memoryMiB: Math.min(...rooms.map(({ memoryMiB }) => memoryMiB)),
  };
}

export function runnersPerMachine(machine: Room, runner: Room): number {
  const byGpu = runner.gpus === 0 ? Infinity : Math.floor(machine.gpus / runner.gpus);
  return Math.min(byGpu, Math.floor(machine.cpu / runner.cpu), Math.floor(machine.memoryMiB / runner.memoryMiB));
}
