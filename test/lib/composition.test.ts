import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import { AppSource, Capacity, MachineType, NetworkMode, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { newApp, newStack, OCR } from './synthesis';

const image = AppSource.image(ecs.ContainerImage.fromRegistry('vllm/vllm-openai'), { port: 8000 });

function resources(stack: Stack): Readonly<Record<string, { readonly Type: string }>> {
  return Template.fromStack(stack).toJSON().Resources as Readonly<Record<string, { readonly Type: string }>>;
}

function count(stack: Stack, type?: string): number {
  return Object.values(resources(stack)).filter((resource) => type === undefined || resource.Type === type).length;
}

describe('resources', () => {
  test('one app with a platform of its own has at most 60', () => {
    const stack = newStack('Gpu', { env: { region: 'eu-west-1' } });
    new ServerlessGpuApp(stack, 'Ocr', { source: OCR });
    expect(count(stack)).toBeLessThanOrEqual(60);
  });

  test('each further app of a platform has at most 15', () => {
    const one = newStack();
    new ServerlessGpuApp(one, 'Ocr', { source: OCR });
    const two = newStack();
    new ServerlessGpuApp(two, 'Ocr', { source: OCR });
    new ServerlessGpuApp(two, 'Chat', { source: image, machineType: MachineType.CPU });
    expect(count(two) - count(one)).toBeLessThanOrEqual(15);
  });
});

describe('machines', () => {
  test('are shared by apps that need the same', () => {
    const stack = newStack();
    new ServerlessGpuApp(stack, 'One', { source: image, machineType: MachineType.GPU_A10G });
    new ServerlessGpuApp(stack, 'Two', { source: image, machineType: MachineType.GPU_A10G });
    expect(count(stack, 'AWS::AutoScaling::AutoScalingGroup')).toBe(1);
    Template.fromStack(stack).hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MaxSize: '10' });
  });

  test('belong to one app that asks for its own', () => {
    const stack = newStack();
    new ServerlessGpuApp(stack, 'One', { source: image, machineType: MachineType.GPU_A10G });
    const capacity = Capacity.onDemand({ dedicated: true });
    new ServerlessGpuApp(stack, 'Two', { source: image, machineType: MachineType.GPU_A10G, capacity });
    expect(count(stack, 'AWS::AutoScaling::AutoScalingGroup')).toBe(2);
    Template.fromStack(stack).hasResourceProperties('AWS::SSM::Parameter', {
      Value: Match.stringLikeRegexp('"dedicatedTo":"gpu/two"'),
    });
  });

  test('with an image of their own are of two pools, where two apps are given two images', () => {
    const stack = newStack('Gpu', { env: { region: 'us-east-1' } });
    for (const [id, ami] of [
      ['One', 'ami-1'],
      ['Two', 'ami-2'],
    ] as const) {
      const machineImage = ec2.MachineImage.genericLinux({ 'us-east-1': ami });
      const capacity = Capacity.onDemand({ machineImage, dedicated: true });
      new ServerlessGpuApp(stack, id, { source: image, machineType: MachineType.GPU_A10G, capacity });
    }
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::AutoScaling::AutoScalingGroup', 2);
    for (const ImageId of ['ami-1', 'ami-2']) {
      template.hasResourceProperties('AWS::EC2::LaunchTemplate', {
        LaunchTemplateData: { ImageId, InstanceType: 'g5.xlarge' },
      });
    }
  });

  test('on Spot are followed by machines on demand', () => {
    const stack = newStack();
    const capacity = Capacity.spot();
    new ServerlessGpuApp(stack, 'One', { source: image, machineType: MachineType.GPU_L4, capacity });
    const [parameter] = Object.values(
      Template.fromStack(stack).findResources('AWS::SSM::Parameter', { Properties: { Name: '/sgpu/gpu/apps/one' } }),
    );
    expect(JSON.stringify(parameter)).toContain(String.raw`\"pools\":[\"g6-xlarge-spot\",\"g6-xlarge\"]`);
  });
});

describe('an app in another stack', () => {
  test('makes no circle, and its machines are in the stack of the platform', () => {
    const app = newApp();
    const shared = new Stack(app, 'Shared');
    const platform = new ServerlessGpuPlatform(shared, 'Platform');
    const own = new Stack(app, 'Own');
    new ServerlessGpuApp(own, 'Chat', { source: image, machineType: MachineType.GPU_A10G, platform });
    expect(count(shared, 'AWS::AutoScaling::AutoScalingGroup')).toBe(1);
    expect(count(own, 'AWS::AutoScaling::AutoScalingGroup')).toBe(0);
    expect(own.dependencies).toEqual([shared]);
    expect(shared.dependencies).toEqual([]);
  });

  test('of another CDK app finds the platform by its name when it is deployed', () => {
    const stack = newStack();
    const platform = ServerlessGpuPlatform.fromPlatformName(stack, 'Platform', 'shared');
    new ServerlessGpuApp(stack, 'Chat', { source: image, machineType: MachineType.GPU_A10G, platform });
    const template = Template.fromStack(stack);
    template.hasParameter('*', { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/sgpu/shared/attributes' });
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: '/sgpu/shared/apps/chat' });
    template.resourceCountIs('AWS::AutoScaling::AutoScalingGroup', 1);
    template.resourceCountIs('AWS::EC2::VPC', 0);
  });
});

test('a platform takes the VPC, the cluster and the file system that there are', () => {
  const stack = newStack();
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
  const fileSystem = new efs.FileSystem(stack, 'FileSystem', { vpc });
  const platform = new ServerlessGpuPlatform(stack, 'Platform', { vpc, cluster, fileSystem });
  new ServerlessGpuApp(stack, 'Ocr', { source: OCR, platform });
  expect(count(stack, 'AWS::EC2::VPC')).toBe(1);
  expect(count(stack, 'AWS::ECS::Cluster')).toBe(1);
  expect(count(stack, 'AWS::EFS::FileSystem')).toBe(1);
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 2049, ToPort: 2049 });
});

test('a network for a VPC that there is already is refused', () => {
  const stack = newStack();
  const vpc = new ec2.Vpc(stack, 'Vpc');
  expect(() => new ServerlessGpuPlatform(stack, 'Platform', { vpc, network: NetworkMode.isolated() })).toThrow(
    /`network` describes a VPC to be made: remove it, or `vpc`/,
  );
});

test('a stack that names its account and region needs no look-up', () => {
  const app = newApp();
  const stack = new Stack(app, 'Gpu', { env: { account: '111111111111', region: 'us-east-1' } });
  new ServerlessGpuApp(stack, 'Ocr', { source: OCR });
  expect(app.synth().manifest.missing ?? []).toEqual([]);
});
