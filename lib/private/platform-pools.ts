import { createHash } from 'node:crypto';
import { ResourceNames } from '../../runtime/aws-layout';
import type { Capacity } from '../capacity';
import type { IServerlessGpuPlatform } from '../platform-interface';
import { ServerlessGpuPlatform } from '../serverless-gpu-platform';
import { ImportedPlatform } from './imported-platform';
import type { MachineChoice } from './machine-choice';
import { MachinePool } from './machine-pool';
import { PlatformArns } from './platform-arns';
import { poolSubnets } from './pool-subnets';
import { refuse } from './refusal';

export interface PoolWanted {
  readonly choice: MachineChoice;
  readonly capacity: Capacity;
  /** `owner/alias` of the app that wants machines of its own. */
  readonly dedicatedTo: string | undefined;
}

/**
 * The pool for an app, made when the first asks for it: in the stack of the platform, or, where another CDK app has
 * that, in the stack into which the platform was imported.
 */
export function poolFor(platform: IServerlessGpuPlatform, { choice, capacity, dedicatedTo }: PoolWanted): MachinePool {
  const pool = poolName(platform, { choice, capacity, dedicatedTo });
  const id = `Pool-${pool}`;
  const made = platform.node.tryFindChild(id);
  if (made instanceof MachinePool) return withSameImage(made, capacity);
  if (!(platform instanceof ServerlessGpuPlatform || platform instanceof ImportedPlatform)) {
    return refuse(platform, 'a platform is made by ServerlessGpuPlatform, or by one of its `from…` functions');
  }
  const names = new ResourceNames(platform.platformName);
  const machines = new MachinePool(platform, id, {
    ...choice,
    pool,
    names,
    subnetIds: poolSubnets(platform, capacity),
    securityGroups: platform.connections.securityGroups,
    instanceProfileArn: platform.instanceProfileArn,
    clusterName: platform.clusterName,
    lifecycleArn: new PlatformArns(platform, names).lifecycleFunction,
    options: capacity._options,
    ...(dedicatedTo === undefined ? {} : { dedicatedTo }),
  });
  if (platform instanceof ServerlessGpuPlatform) platform._addPool(machines);
  return machines;
}

/** The same for apps that ask for the same, so that they share machines. */
function poolName(platform: IServerlessGpuPlatform, { choice, capacity, dedicatedTo }: PoolWanted): string {
  const { instance, market } = choice;
  return [
    instance.name.replace('.', '-'),
    ...(market === 'on-demand' ? [] : [market]),
    ...(isPlain(capacity) ? [] : [digits(JSON.stringify(settings(capacity)))]),
    ...(dedicatedTo === undefined ? [] : [dedicatedTo.slice(dedicatedTo.indexOf('/') + 1)]),
    // Stacks of different CDK apps don't know of each other's pools.
    ...(platform instanceof ServerlessGpuPlatform ? [] : [digits(platform.node.addr)]),
  ].join('-');
}

/** What sets machines of one instance type and market apart from others. */
function settings({ _options: options, _purchase: purchase }: Capacity): object {
  return {
    reservation: 'reservationId' in purchase ? purchase.reservationId : undefined,
    zones: options.availabilityZones,
    keepAlive: options.machineKeepAlive?.toSeconds(),
    maxMachines: options.maxMachines,
    stopped: options.stoppedMachines,
    // Which one is known at deployment: `withSameImage`.
    image: options.machineImage === undefined ? undefined : 'own',
    root: options.rootVolumeSize?.toGibibytes(),
  };
}

/** An image has no name to tell it from another by before the stack is deployed. */
function withSameImage(made: MachinePool, { _options: { machineImage } }: Capacity): MachinePool {
  if (made.machineImage === machineImage) return made;
  return refuse(
    made,
    "apps that differ in `machineImage` can't share machines: give them one and the same object, or `dedicated: true`",
  );
}

function isPlain(capacity: Capacity): boolean {
  return Object.values(settings(capacity)).every((value) => value === undefined);
}

function digits(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}
