import type { IConnectable, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { GatewayContainer } from './gateway-container';
import type { GatewayDeclaration } from './gateway-declaration';
import { GatewayFunction } from './gateway-function';
import { GatewayRestApi } from './gateway-rest-api';
import type { PlatformFunctionSurroundings } from './platform-function';

export interface PlatformGatewayProps extends PlatformFunctionSurroundings {
  readonly declaration: GatewayDeclaration;
  readonly vpc: IVpc;
  readonly cluster: ICluster;
  readonly subnets: ISubnet[];
}

/** Makes the gateway of a platform. Returns `https://…`, without a path. */
export function platformGateway(
  platform: Construct & IConnectable,
  { declaration, vpc, cluster, subnets, ...surroundings }: PlatformGatewayProps,
): string {
  if (declaration.kind === 'container') {
    const network = { vpc, cluster, subnets: { subnets }, machines: platform };
    new GatewayContainer(platform, 'Gateway', { ...surroundings, ...declaration, ...network });
    return `https://${declaration.domainName}`;
  }
  const gateway = new GatewayFunction(platform, 'Gateway', surroundings);
  if (declaration.kind === 'function-url') return gateway.addUrl();
  new GatewayRestApi(platform, 'GatewayApi', { ...declaration, handler: gateway.function });
  return `https://${declaration.domainName}`;
}
