import type { Construct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { Capacity } from '../capacity';
import type { IServerlessGpuPlatform } from '../platform-interface';
import { machineChoices } from './machine-choice';
import type { MachinePool } from './machine-pool';
import { leastRoom, runnerRoom, type Room } from './machine-room';
import { checkCapacity, checkChoices } from './machine-rules';
import { poolFor } from './platform-pools';
import { checkZones } from './pool-subnets';
import { warnOfRegion } from './region-offerings';

export interface AppMachinesProps {
  /** `owner/alias`. */
  readonly appId: string;
  readonly spec: AppSpec;
  readonly platform: IServerlessGpuPlatform;
  readonly capacity: Capacity;
  readonly acknowledgeEightGpuMachine: boolean;
}

export interface AppMachines {
  /** Those that the app may use, in order. */
  readonly pools: readonly MachinePool[];
  /** What each of its runners takes of a machine. */
  readonly room: Room;
}

/** Finds the machines of an app, or refuses what it asks for. */
export function appMachines(
  app: Construct,
  { appId, spec, platform, capacity, acknowledgeEightGpuMachine }: AppMachinesProps,
): AppMachines {
  const gpus = spec.num_gpus ?? 1;
  checkCapacity(app, spec, capacity);
  checkZones(app, platform, capacity);
  const choices = machineChoices(platform, spec, capacity);
  checkChoices(app, choices, gpus, acknowledgeEightGpuMachine);
  warnOfRegion(app, platform, choices);
  const room = leastRoom(choices.map((choice) => runnerRoom(choice, gpus)));
  const dedicatedTo = capacity._options.dedicated === true ? appId : undefined;
  const pools = [...new Set(choices.map((choice) => poolFor(platform, { choice, capacity, dedicatedTo })))];
  for (const pool of pools) pool.addRunners(spec.max_concurrency, room);
  return { pools, room };
}
