/** What runners cost while they run, estimated from the on-demand prices of the catalog. */
import type { AppSpec } from './app-spec';
import { instancesFor, isGpuMachine, type InstanceType } from './machine-catalog';

/** USD an hour of one runner: its share of the cheapest machine that it fits on. `undefined` where none has a price. */
export function usdPerRunnerHour(spec: Pick<AppSpec, 'machine_type' | 'num_gpus'>): number | undefined {
  const [machineType = ''] = spec.machine_type;
  const gpus = spec.num_gpus ?? 1;
  const [cheapest] = instancesFor(machineType, gpus).filter(({ usdPerHour }) => usdPerHour !== undefined);
  if (cheapest?.usdPerHour === undefined) return undefined;
  return isGpuMachine(machineType) ? cheapest.usdPerHour * gpuShare(cheapest, gpus) : cheapest.usdPerHour;
}

function gpuShare({ gpus }: InstanceType, used: number): number {
  return used / Math.max(used, gpus);
}
