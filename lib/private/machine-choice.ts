import type { IConstruct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { instancesFor, isGpuMachine, type InstanceType } from '../../runtime/domain/machine-catalog';
import { INSTANCE_TYPES } from '../../runtime/domain/machine-catalog.data';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import type { Capacity } from '../capacity';
import { inRegion } from './region-offerings';

/** One kind of machine that an app may run on. */
export interface MachineChoice {
  readonly machine: string;
  readonly instance: InstanceType;
  readonly market: PoolDeployment['market'];
  readonly reservationId?: string;
}

/** What an app's runners may be placed on, in order of preference. */
export function machineChoices(platform: IConstruct, spec: AppSpec, capacity: Capacity): readonly MachineChoice[] {
  const purchase = capacity._purchase;
  const choices = spec.machine_type.flatMap((machine) =>
    candidates(platform, machine, spec.num_gpus ?? 1, capacity).map((instance) => ({ machine, instance })),
  );
  if (purchase.market !== 'spot') return choices.map((choice) => ({ ...choice, ...purchase }));
  const markets = purchase.fallback ? (['spot', 'on-demand'] as const) : (['spot'] as const);
  return markets.flatMap((market) => choices.map((choice) => ({ ...choice, market })));
}

/** Instance types for a machine type: those that were named, else the cheapest in the region, of each GPU. */
function candidates(
  platform: IConstruct,
  machine: string,
  numGpus: number,
  capacity: Capacity,
): readonly InstanceType[] {
  const named = capacity._options.instanceTypes?.map((type) => type.toString());
  if (named !== undefined) {
    return named.flatMap((name) => INSTANCE_TYPES.filter((instance) => instance.name === name));
  }
  const fitting = inRegion(platform, instancesFor(machine, numGpus), capacity._purchase.market);
  if (!isGpuMachine(machine)) return fitting.slice(0, 1);
  return fitting.filter(
    (instance, index) => fitting.findIndex(({ gpuModel }) => gpuModel === instance.gpuModel) === index,
  );
}
