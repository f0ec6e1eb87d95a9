/** Folders that persist, and copies of them on the disks of machines. */
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AppSource, Capacity, MachineType, ServerlessGpuPlatform, Volume } from '../../lib';
import { newStack, templateOf } from './synthesis';

const on = (name: string): Capacity => Capacity.onDemand({ instanceTypes: [new ec2.InstanceType(name)] });
const withDisks = { machineType: MachineType.GPU_A10G, capacity: on('g5.xlarge') };

describe('the weight cache', () => {
  test('is a folder of the machine in the container of a fal app, for each volume on EFS', () => {
    const template = templateOf(withDisks);
    const app = Match.objectLike({
      Name: 'app',
      MountPoints: Match.arrayWith([{ ContainerPath: '/run/sgpu-weights', ReadOnly: false, SourceVolume: 'weights' }]),
      Environment: Match.arrayWith([
        { Name: 'SGPU_WEIGHT_CACHE', Value: '/run/sgpu-weights' },
        { Name: 'SGPU_CACHED_VOLUMES', Value: { 'Fn::Join': ['', Match.arrayWith(['{"/data":"'])] } },
      ]),
    });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: Match.arrayWith([app]),
      Volumes: Match.arrayWith([{ Name: 'weights', Host: { SourcePath: '/mnt/instance-store/weights' } }]),
    });
  });

  test('is made by the first boot, writable for all apps', () => {
    expect(JSON.stringify(templateOf(withDisks))).toContain('mkdir --mode=1777 /mnt/instance-store/weights');
  });

  test.each<[string, () => Template]>([
    ['machines without instance store', () => templateOf({ machineType: MachineType.M })],
    [
      'images that do not know of it',
      () => templateOf({ ...withDisks, source: AppSource.image(ecs.ContainerImage.fromRegistry('x'), { port: 80 }) }),
    ],
  ])('is not for %s', (_what, template) => {
    expect(JSON.stringify(template())).not.toContain('SGPU_WEIGHT_CACHE');
  });
});

test('the file system has one mount target in a zone, however many subnets are there', () => {
  const stack = newStack();
  const subnetConfiguration = ['One', 'Two'].map((name) => ({
    name,
    subnetType: ec2.SubnetType.PRIVATE_ISOLATED,
    cidrMask: 24,
  }));
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0, subnetConfiguration });
  new ServerlessGpuPlatform(stack, 'Platform', { vpc });
  Template.fromStack(stack).resourceCountIs('AWS::EFS::MountTarget', 2);
});

test('a bucket is mounted by S3 Files, as the role of the app', () => {
  const stack = newStack();
  const bucket = s3.Bucket.fromBucketName(stack, 'Weights', 'weights');
  const fileSystemArn = 'arn:aws:s3files:eu-west-1:123456789012:file-system/fs-1';
  const accessPointArn = `${fileSystemArn}/access-point/fsap-1`;
  const template = templateOf(
    { volumes: { '/models': Volume.s3Files({ fileSystemArn, accessPointArn, bucket }) } },
    stack,
  );
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Volumes: Match.arrayWith([
      {
        Name: 'volume-1',
        S3FilesVolumeConfiguration: { FileSystemArn: fileSystemArn, AccessPointArn: accessPointArn },
      },
    ]),
  });
  const mount = {
    Effect: 'Allow',
    Action: ['s3files:ClientMount', 's3files:ClientWrite'],
    Resource: fileSystemArn,
    Condition: { StringEquals: { 's3files:AccessPointArn': accessPointArn } },
  };
  template.hasResourceProperties('AWS::IAM::Role', {
    Policies: [
      {
        PolicyDocument: {
          Statement: Match.arrayWith([mount, Match.objectLike({ Action: ['s3:GetObject', 's3:GetObjectVersion'] })]),
        },
      },
    ],
  });
});
