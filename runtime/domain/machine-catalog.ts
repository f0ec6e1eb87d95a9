/**
 * The machine types that apps may name, and the EC2 instance types that offer them.
 *
 * Names are fal's, and those that fal's own guides use for the GPUs of AWS. Prices are on-demand Linux in us-east-1 as
 * published on `PRICES_AS_OF`; they change, and Spot prices differ by the hour.
 */
import { INSTANCE_TYPES } from './machine-catalog.data';
import { didYouMean } from './nearest';

export const PRICES_AS_OF = '2026-07-20';
export const PRICE_REGION = 'us-east-1';

/** An EC2 instance type. Memory is nominal: an ECS agent registers somewhat less of it. */
export interface InstanceType {
  readonly name: string;
  readonly gpuModel?: string;
  readonly gpus: number;
  /** Memory of each GPU as its driver reports it, less than the figure on the box. */
  readonly gpuMemoryMib: number;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly instanceStoreGb: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Absent where the type has no on-demand price and is to be had by Capacity Block alone. */
  readonly usdPerHour?: number;
  readonly capacityBlocks: boolean;
  /** Codes of the Service Quotas that limit the type, counted in vCPUs. */
  readonly onDemandQuota: string;
  readonly spotQuota: string;
}

/** What an app names in `machine_type`. */
export interface Machine {
  readonly name: string;
  readonly description: string;
  /** What one runner needs: GPUs of any of these models, or else CPUs. */
  readonly needs:
    | { readonly gpuModels: readonly string[]; readonly gpuMemoryMib: number }
    | { readonly vcpus: number; readonly memoryMib: number };
}

/** All machine types, smaller before larger. */
export const MACHINES: readonly Machine[] = [
  cpu('XS', 0.5, 512, '0.5 CPU, 512 MB'),
  cpu('S', 1, 1_024, '1 CPU, 1 GB'),
  cpu('M', 2, 2_048, '2 CPUs, 2 GB'),
  cpu('L', 4, 15_000, '4 CPUs, 15 GB'),
  cpu('XL', 8, 30_000, '8 CPUs, 30 GB'),
  cpu('CPU', 2, 4_096, '2 CPUs, 4 GB'),
  gpu('GPU', ['t4', 'l4', 'a10g', 'l40s'], 0, 'Whichever GPU is cheapest'),
  gpu('GPU-T4', ['t4'], 0, 'NVIDIA T4, 16 GB'),
  gpu('GPU-L4', ['l4'], 0, 'NVIDIA L4, 24 GB'),
  gpu('GPU-A10G', ['a10g'], 0, 'NVIDIA A10G, 24 GB'),
  gpu('GPU-RTXPRO4500', ['rtx-pro-4500'], 0, 'NVIDIA RTX PRO 4500, 32 GB'),
  gpu('GPU-A6000', ['l40s'], 0, 'NVIDIA L40S, 48 GB: EC2 has no A6000'),
  gpu('GPU-L40', ['l40s'], 0, 'NVIDIA L40S, 48 GB: EC2 has no L40'),
  gpu('GPU-L40S', ['l40s'], 0, 'NVIDIA L40S, 48 GB'),
  gpu('GPU-RTXPRO6000', ['rtx-pro-server-6000'], 0, 'NVIDIA RTX PRO 6000, 96 GB'),
  gpu('GPU-A100', ['a100'], 0, 'NVIDIA A100, 40 or 80 GB'),
  gpu('GPU-A100-80GB', ['a100'], 81_920, 'NVIDIA A100, 80 GB'),
  gpu('GPU-H100', ['h100'], 0, 'NVIDIA H100, 80 GB'),
  gpu('GPU-H200', ['h200'], 0, 'NVIDIA H200, 141 GB'),
  gpu('GPU-B200', ['b200'], 0, 'NVIDIA B200, 180 GB'),
  gpu('GPU-B300', ['b300'], 0, 'NVIDIA B300, 268 GB'),
];

export const MACHINE_NAMES: readonly string[] = MACHINES.map((machine) => machine.name);

export function isMachineType(name: string): boolean {
  return MACHINE_NAMES.includes(name);
}

/** False for CPU machines and for unknown names. */
export function isGpuMachine(name: string): boolean {
  const machine = find(name);
  return machine !== undefined && 'gpuModels' in machine.needs;
}

/** What to tell somebody who named a machine type that does not exist. */
export function unknownMachineType(name: string): string {
  return `machine_type '${name}' is unknown${didYouMean(name, MACHINE_NAMES) || '.'} Known: ${MACHINE_NAMES.join(', ')}`;
}

/**
 * The instance types on which a runner of `numGpus` GPUs fits, cheapest instance first, those without a price last.
 * Several runners share an instance that has more GPUs than one of them needs. Empty for an unknown name.
 */
export function instancesFor(name: string, numGpus = 1): readonly InstanceType[] {
  return offering(name)
    .filter((instance) => !isGpuMachine(name) || instance.gpus >= numGpus)
    .sort((a, b) => (a.usdPerHour ?? Infinity) - (b.usdPerHour ?? Infinity));
}

/** The numbers of GPUs that instances of the machine type have, rising: an A100 comes by eights alone. */
export function gpuCounts(name: string): readonly number[] {
  if (!isGpuMachine(name)) return [];
  return [...new Set(offering(name).map((instance) => instance.gpus))].sort((a, b) => a - b);
}

function offering(name: string): readonly InstanceType[] {
  const needs = find(name)?.needs;
  if (needs === undefined) return [];
  return INSTANCE_TYPES.filter((instance) => {
    if ('gpuModels' in needs)
      return needs.gpuModels.includes(instance.gpuModel ?? '') && instance.gpuMemoryMib >= needs.gpuMemoryMib;
    // Runner images are built for x86-64.
    return instance.gpus === 0 && instance.architecture === 'x86_64' && holds(instance, needs);
  });
}

function holds(instance: InstanceType, needs: { readonly vcpus: number; readonly memoryMib: number }): boolean {
  return instance.vcpus >= needs.vcpus && instance.memoryMib >= needs.memoryMib;
}

function find(name: string): Machine | undefined {
  return MACHINES.find((machine) => machine.name === name);
}

function cpu(name: string, vcpus: number, memoryMib: number, size: string): Machine {
  return { name, description: size, needs: { vcpus, memoryMib } };
}

function gpu(name: string, gpuModels: readonly string[], gpuMemoryMib: number, description: string): Machine {
  return { name, description, needs: { gpuModels, gpuMemoryMib } };
}
