import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Capacity } from '../capacity';
import type { IServerlessGpuPlatform } from '../platform-interface';
import { ServerlessGpuPlatform } from '../serverless-gpu-platform';
import { refuse } from './refusal';

/** The subnets of a platform in which machines of a capacity are launched: those in its zones. */
export function poolSubnets(platform: IServerlessGpuPlatform, { _options: options }: Capacity): readonly string[] {
  const { availabilityZones: wanted } = options;
  const subnets = platform instanceof ServerlessGpuPlatform ? platform._subnets : undefined;
  if (wanted === undefined || subnets === undefined) return platform.subnetIds;
  return subnets.filter(({ availabilityZone }) => wanted.includes(availabilityZone)).map(({ subnetId }) => subnetId);
}

/** Refuses zones in which the platform has no subnet. */
export function checkZones(
  app: IConstruct,
  platform: IServerlessGpuPlatform,
  { _options: { availabilityZones: wanted }, _purchase: purchase }: Capacity,
): void {
  if (wanted === undefined) return;
  const prop = '`capacity.availabilityZones`';
  if (wanted.length === 0) refuse(app, `${prop} is empty: name a zone, or leave it out`);
  if ('reservationId' in purchase && wanted.length > 1) {
    refuse(app, `${prop} is ${wanted.join(', ')}: a reservation is in one zone, name that alone`);
  }
  if (!(platform instanceof ServerlessGpuPlatform)) {
    refuse(app, `${prop}: which subnets of an imported platform are in which zone isn't known: leave it out`);
  }
  // In the first pass of a look-up subnets are made up.
  if (platform._subnets === undefined) return;
  const zones = platform._subnets.map(({ availabilityZone }) => availabilityZone);
  const missing = wanted.find((zone) => !zones.includes(zone));
  if (missing === undefined) return;
  if (zones.some((zone) => Token.isUnresolved(zone))) {
    refuse(
      app,
      `${prop}: the zones of the platform's subnets are known at deployment alone: ` +
        'name them, with the `availabilityZones` of its `network`, or in its `vpc`',
    );
  }
  refuse(
    app,
    `${prop}: the platform has no subnet in ${missing}, its machines can be in ${zones.join(', ')}: ` +
      'name some of these, or give it a subnet there with `network` or `vpcSubnets`',
  );
}
