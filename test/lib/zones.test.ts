/** Where machines are: what can be known of regions and zones at synthesis. The rest is `sgpu doctor`'s to ask. */
import { Annotations as StackAnnotations, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import {
  AppSource,
  Capacity,
  MachineType,
  NetworkMode,
  ServerlessGpuApp,
  ServerlessGpuPlatform,
  type ServerlessGpuAppProps,
  type ServerlessGpuPlatformProps,
} from '../../lib';
import { newStack } from './synthesis';

const source = AppSource.image(ecs.ContainerImage.fromRegistry('vllm/vllm-openai'), { port: 8000 });

function stackIn(
  region: string | undefined,
  app: Partial<ServerlessGpuAppProps>,
  platform: ServerlessGpuPlatformProps = {},
): Stack {
  const stack = newStack('Gpu', region === undefined ? {} : { env: { account: '111111111111', region } });
  new ServerlessGpuApp(stack, 'App', {
    source,
    platform: new ServerlessGpuPlatform(stack, 'Platform', platform),
    ...app,
  });
  return stack;
}

function machinesOf(stack: Stack): readonly string[] {
  const templates = Template.fromStack(stack).findResources('AWS::EC2::LaunchTemplate');
  return Object.values(templates).map(
    ({ Properties }) =>
      (Properties as { LaunchTemplateData: { InstanceType: string } }).LaunchTemplateData.InstanceType,
  );
}

describe('zones of a network', () => {
  const network = (...availabilityZones: string[]): ServerlessGpuPlatformProps => ({
    network: NetworkMode.privateWithNat({ availabilityZones }),
  });

  test.each<[string, string | undefined, ServerlessGpuPlatformProps, RegExp]>([
    ['of another region', 'eu-west-1', network('us-east-1a'), /`network`: us-east-1a is no zone of eu-west-1/],
    ['that are none', 'us-east-1', network('us-east-11a'), /`network`: us-east-11a is no zone of us-east-1/],
    ['named twice', undefined, network('us-east-1a', 'us-east-1a'), /us-east-1a twice: name it once/],
    ['of which there are none', undefined, network(), /`network`: `availabilityZones` has 0 zones: name 1 to 7/],
  ])('%s are refused', (_what, region, platform, message) => {
    expect(() => stackIn(region, {}, platform)).toThrow(message);
  });

  test('may be Local Zones, and of any name where the region is known at deployment', () => {
    stackIn('us-west-2', {}, network('us-west-2a', 'us-west-2-lax-1a'));
    stackIn(undefined, {}, network('us-east-1a'));
  });
});

describe('zones of a capacity', () => {
  const inZones = (...availabilityZones: string[]): Partial<ServerlessGpuAppProps> => ({
    machineType: MachineType.GPU_A10G,
    capacity: Capacity.onDemand({ availabilityZones }),
  });
  const known = { network: NetworkMode.publicNoIngress({ availabilityZones: ['us-east-1a', 'us-east-1b'] }) };

  test('are those of the subnets that its machines are launched in', () => {
    const subnets = (stack: Stack): unknown =>
      Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::AutoScalingGroup')).map(
        ({ Properties }) => (Properties as { VPCZoneIdentifier: unknown }).VPCZoneIdentifier,
      );
    expect(subnets(stackIn('us-east-1', inZones('us-east-1b'), known))).toEqual([
      [{ Ref: expect.stringMatching(/Machines2/) as string }],
    ]);
  });

  test('set pools apart: apps in different zones share no machines', () => {
    const stack = stackIn('us-east-1', inZones('us-east-1a'), known);
    const platform = stack.node.findAll().find((construct) => construct instanceof ServerlessGpuPlatform);
    new ServerlessGpuApp(stack, 'Other', { source, platform: platform!, ...inZones('us-east-1b') });
    expect(machinesOf(stack)).toEqual(['g5.xlarge', 'g5.xlarge']);
  });

  test.each<[string, Partial<ServerlessGpuAppProps>, ServerlessGpuPlatformProps, RegExp]>([
    [
      'without a subnet of the platform',
      inZones('us-east-1f'),
      known,
      /^Gpu\/App: `capacity\.availabilityZones`: the platform has no subnet in us-east-1f, .*us-east-1a, us-east-1b/,
    ],
    ['among zones that are known at deployment', inZones('us-east-1a'), {}, /known at deployment alone: name them/],
    ['of which there are none', inZones(), known, /`capacity\.availabilityZones` is empty/],
    [
      'of a reservation, which is in one',
      {
        capacity: Capacity.capacityReservation('cr-1', {
          instanceTypes: [new ec2.InstanceType('g5.xlarge')],
          availabilityZones: ['us-east-1a', 'us-east-1b'],
        }),
        machineType: MachineType.GPU_A10G,
      },
      known,
      /a reservation is in one zone, name that alone/,
    ],
  ])('%s are refused', (_what, app, platform, message) => {
    expect(() => stackIn('us-east-1', app, platform)).toThrow(message);
  });

  test('of an imported platform are refused', () => {
    const stack = newStack();
    const platform = ServerlessGpuPlatform.fromPlatformName(stack, 'Platform', 'shared');
    expect(() => new ServerlessGpuApp(stack, 'App', { source, platform, ...inZones('us-east-1a') })).toThrow(
      /imported platform/,
    );
  });

  test('wait for a VPC that is yet to be looked up', () => {
    const stack = newStack('Gpu', { env: { account: '111111111111', region: 'us-east-1' } });
    const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { vpcName: 'shared' });
    const platform = new ServerlessGpuPlatform(stack, 'Platform', { vpc });
    new ServerlessGpuApp(stack, 'App', { source, platform, ...inZones('us-east-1a') });
  });
});

describe('machines that AWS does not list for the region', () => {
  test.each<[string, string | undefined, Partial<ServerlessGpuAppProps>, string]>([
    ['of a type', 'eu-west-1', { machineType: MachineType.GPU_L4 }, 'lists no g6\\.xlarge, for GPU-L4, in eu-west-1'],
    [
      'of an instance type that is named',
      'us-west-1',
      {
        machineType: MachineType.GPU_A10G,
        capacity: Capacity.onDemand({ instanceTypes: [new ec2.InstanceType('g5.xlarge')] }),
      },
      'lists no g5\\.xlarge',
    ],
    [
      'as Capacity Blocks',
      'eu-central-1',
      {
        machineType: MachineType.GPU_H200,
        numGpus: 8,
        capacity: Capacity.capacityBlock('cr-1', { instanceTypes: [new ec2.InstanceType('p5e.48xlarge')] }),
      },
      'no Capacity Blocks of p5e\\.48xlarge',
    ],
  ])('are warned of: %s', (_what, region, app, warning) => {
    Annotations.fromStack(stackIn(region, app)).hasWarning('/Gpu/App', Match.stringLikeRegexp(warning));
  });

  test('can be acknowledged by who knows better', () => {
    const stack = stackIn('eu-west-1', { machineType: MachineType.GPU_L4 });
    StackAnnotations.of(stack).acknowledgeWarning('cdk-serverless-gpu:notInRegion');
    Annotations.fromStack(stack).hasNoWarning('/Gpu/App', Match.anyValue());
  });

  test.each<[string, string | undefined, MachineType]>([
    ['that has them', 'eu-central-1', MachineType.GPU_L4],
    ['that is known at deployment', undefined, MachineType.GPU_L4],
    ['that is newer than the list', 'xx-new-1', MachineType.GPU_L4],
  ])('are not warned of in a region %s', (_what, region, machineType) => {
    Annotations.fromStack(stackIn(region, { machineType })).hasNoWarning('*', Match.stringLikeRegexp('lists no'));
  });

  test('give way to those of the same machine type that it does list', () => {
    expect(machinesOf(stackIn('eu-west-1', { machineType: MachineType.GPU }))).toEqual(['g4dn.xlarge', 'g5.xlarge']);
    expect(machinesOf(stackIn('ap-south-1', { machineType: MachineType.S }))).toEqual(['m6i.xlarge']);
  });
});
