import { Fn, Stack, Tags, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { NetworkMode } from '../network-mode';
import { refuse } from './refusal';

export interface NetworkProps {
  readonly mode: NetworkMode;
}

/**
 * The VPC of a platform that is given none.
 *
 * Made of L1 constructs, because `ec2.Vpc` asks the account for its zones as soon as the stack names its region, and
 * makes a route table for each subnet.
 */
export class Network extends Construct {
  /** The VPC with the subnets for machines alone. */
  public readonly vpc: ec2.IVpc;

  private readonly resource: ec2.CfnVPC;
  private readonly zones: readonly string[];

  constructor(scope: Construct, id: string, { mode }: NetworkProps) {
    super(scope, id);
    const { _kind: kind, _options: options } = mode;
    this.resource = new ec2.CfnVPC(this, 'Resource', {
      cidrBlock: options.cidr ?? '10.0.0.0/16',
      enableDnsHostnames: true,
      enableDnsSupport: true,
    });
    acknowledge(
      this.resource,
      'VPC7',
      'Nothing can come in, and flow logs are billed by the gigabyte: bring a VPC of your own to have them.',
    );
    Tags.of(this).add('Name', this.node.path);
    this.zones = zonesOf(this, mode);

    const machines = this.routeTable('Machines');
    const subnets = this.zones.map((zone, index) =>
      this.subnet(`Machines${index + 1}`, zone, index, machines, kind === 'public'),
    );
    if (kind === 'public') this.routeToInternet(machines);
    if (kind === 'nat') this.routeThroughNat(machines);
    this.gatewayEndpoints(machines);
    const ids = subnets.map((subnet) => subnet.ref);
    if (kind === 'isolated') this.interfaceEndpoints(ids);
    this.vpc = this.asVpc(kind, ids, machines);
  }

  private asVpc(kind: NetworkMode['_kind'], ids: string[], table: ec2.CfnRouteTable): ec2.IVpc {
    const tables = ids.map(() => table.ref);
    const subnets = {
      public: { publicSubnetIds: ids, publicSubnetRouteTableIds: tables },
      nat: { privateSubnetIds: ids, privateSubnetRouteTableIds: tables },
      isolated: { isolatedSubnetIds: ids, isolatedSubnetRouteTableIds: tables },
    };
    return ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: this.resource.ref,
      vpcCidrBlock: this.resource.attrCidrBlock,
      availabilityZones: [...this.zones],
      ...subnets[kind],
    });
  }

  private subnet(id: string, zone: string, index: number, table: ec2.CfnRouteTable, isPublic: boolean): ec2.CfnSubnet {
    const subnet = new ec2.CfnSubnet(this, id, {
      vpcId: this.resource.ref,
      availabilityZone: zone,
      cidrBlock: Fn.select(index, Fn.cidr(this.resource.attrCidrBlock, BLOCKS, '12')),
      mapPublicIpOnLaunch: isPublic,
    });
    new ec2.CfnSubnetRouteTableAssociation(this, `${id}Routes`, {
      subnetId: subnet.ref,
      routeTableId: table.ref,
    });
    return subnet;
  }

  private routeTable(id: string): ec2.CfnRouteTable {
    return new ec2.CfnRouteTable(this, `${id}RouteTable`, { vpcId: this.resource.ref });
  }

  private routeToInternet(table: ec2.CfnRouteTable): ec2.CfnRoute {
    const gateway = new ec2.CfnInternetGateway(this, 'InternetGateway');
    const attachment = new ec2.CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: this.resource.ref,
      internetGatewayId: gateway.ref,
    });
    const route = new ec2.CfnRoute(this, 'RouteToInternet', {
      routeTableId: table.ref,
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: gateway.ref,
    });
    route.addResourceDependency(attachment);
    return route;
  }

  private routeThroughNat(machines: ec2.CfnRouteTable): void {
    const table = this.routeTable('Nat');
    const route = this.routeToInternet(table);
    const subnet = this.subnet('Nat', this.zones[0] ?? '', this.zones.length, table, false);
    const address = new ec2.CfnEIP(this, 'NatAddress', { domain: 'vpc' });
    const nat = new ec2.CfnNatGateway(this, 'NatGateway', {
      subnetId: subnet.ref,
      allocationId: address.attrAllocationId,
    });
    nat.addResourceDependency(route);
    new ec2.CfnRoute(this, 'RouteThroughNat', {
      routeTableId: machines.ref,
      destinationCidrBlock: '0.0.0.0/0',
      natGatewayId: nat.ref,
    });
  }

  /** They are free, and image layers, weights and the table go through them. */
  private gatewayEndpoints(table: ec2.CfnRouteTable): void {
    for (const service of ['s3', 'dynamodb']) {
      new ec2.CfnVPCEndpoint(this, `${service}Endpoint`, {
        vpcId: this.resource.ref,
        serviceName: this.serviceName(service),
        vpcEndpointType: 'Gateway',
        routeTableIds: [table.ref],
      });
    }
  }

  private interfaceEndpoints(subnetIds: string[]): void {
    const group = new ec2.CfnSecurityGroup(this, 'EndpointSecurityGroup', {
      vpcId: this.resource.ref,
      groupDescription: 'AWS services, from within the VPC',
      securityGroupIngress: [
        { ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: this.resource.attrCidrBlock, description: 'HTTPS' },
      ],
    });
    for (const service of MACHINE_SERVICES) {
      new ec2.CfnVPCEndpoint(this, `${service}Endpoint`, {
        vpcId: this.resource.ref,
        serviceName: this.serviceName(service),
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds,
        securityGroupIds: [group.ref],
      });
    }
  }

  private serviceName(service: string): string {
    return `com.amazonaws.${Stack.of(this).region}.${service}`;
  }
}

/** What machines and runners call, beside S3 and DynamoDB. */
const MACHINE_SERVICES = ['ecr.api', 'ecr.dkr', 'ecs', 'ecs-agent', 'ecs-telemetry', 'logs', 'sqs', 'secretsmanager'];

/** Blocks of addresses that a subnet each takes one of. */
const BLOCKS = 8;

function zonesOf(network: Construct, { _kind: kind, _options: options }: NetworkMode): readonly string[] {
  const { region } = Stack.of(network);
  if (options.availabilityZones !== undefined) {
    // The NAT gateway has a subnet of its own.
    checkZones(network, options.availabilityZones, kind === 'nat' ? BLOCKS - 1 : BLOCKS);
    return options.availabilityZones;
  }
  const three = !Token.isUnresolved(region) && region !== 'us-west-1';
  return [0, 1, 2].slice(0, three ? 3 : 2).map((index) => Fn.select(index, Fn.getAzs()));
}

function checkZones(network: Construct, zones: readonly string[], most: number): void {
  const { region } = Stack.of(network);
  if (zones.length === 0 || zones.length > most) {
    refuse(network, `\`network\`: \`availabilityZones\` has ${zones.length} zones: name 1 to ${most}`);
  }
  const twice = zones.find((zone, index) => zones.indexOf(zone) !== index);
  if (twice !== undefined) refuse(network, `\`network\`: \`availabilityZones\` has ${twice} twice: name it once`);
  const foreign = zones.find((zone) => !Token.isUnresolved(zone) && !isZoneOf(region, zone));
  if (foreign === undefined) return;
  refuse(
    network,
    `\`network\`: ${foreign} is no zone of ${region}: its zones are called ${region}a, ${region}b and so on`,
  );
}

/** Names of Local Zones begin with their region, too. */
function isZoneOf(region: string, zone: string): boolean {
  return Token.isUnresolved(region) || (zone.startsWith(region) && /^([a-z]|-.+)$/.test(zone.slice(region.length)));
}
