import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
} from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AwsTeardownResources } from '../../lambda/teardown-resources';
import { EcsTasks } from '../../runtime/aws/ecs-tasks';
import { MachineGroups } from '../../runtime/aws/machines-auto-scaling';
import { ResourceNames } from '../../runtime/aws-layout';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';

const names = new ResourceNames('studio');

describe('what CloudFormation knows nothing of', () => {
  let emulator: AwsEmulator;
  let s3: S3Client;
  let ssm: SSMClient;
  let autoScaling: AutoScalingClient;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    const config = clientOf(emulator);
    s3 = new S3Client({ ...config, forcePathStyle: true });
    ssm = new SSMClient(config);
    autoScaling = new AutoScalingClient(config);
  });
  afterAll(() => emulator.stop());

  const resources = (bucket = 'bucket'): AwsTeardownResources =>
    new AwsTeardownResources({
      tasks: new EcsTasks(new ECSClient(clientOf(emulator)), names.cluster, names.platform),
      groups: new MachineGroups(autoScaling),
      ...{ s3, ssm, bucket, names },
    });

  it('are objects in all their versions', async () => {
    const Bucket = 'versioned';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    for (const Key of ['a', 'a', 'b']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    await resources(Bucket).emptyBucket();
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions).toBeUndefined();
    await resources(Bucket).emptyBucket();
  });

  it('are secrets that the platform made for itself, and no other parameter', async () => {
    const put = (Name: string): Promise<unknown> =>
      ssm.send(new PutParameterCommand({ Name, Type: 'SecureString', Value: 'value' }));
    await Promise.all(Array.from({ length: 12 }, (_, number) => put(names.internalSecret(`key-${number}`))));
    await put(names.appParameter('painter'));
    await resources().deleteSecrets();
    const left = await ssm.send(new GetParametersByPathCommand({ Path: names.parameterPath, Recursive: true }));
    expect(left.Parameters?.map(({ Name }) => Name)).toEqual([names.appParameter('painter')]);
  });

  it('are machines: asked to end, they leave their group', async () => {
    const AutoScalingGroupName = names.autoScalingGroup('gpu');
    await autoScaling.send(
      new CreateLaunchConfigurationCommand({
        LaunchConfigurationName: 'configuration',
        ImageId: 'ami-12c6146b',
        InstanceType: 't3.micro',
      }),
    );
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName,
        LaunchConfigurationName: 'configuration',
        MinSize: 0,
        MaxSize: 3,
        DesiredCapacity: 2,
        AvailabilityZones: ['us-east-1a'],
      }),
    );
    const { present } = await resources().machines('gpu');
    expect(present).toHaveLength(2);
    for (const machine of present) await resources().terminate(machine);
    expect((await resources().machines('gpu')).present).toEqual([]);
  });

  it('that were never made are none', async () => {
    expect(await resources().tasks()).toEqual([]);
    expect(await resources().machines('nothing')).toEqual({ present: [], ending: [] });
    await resources('no-such-bucket').emptyBucket();
  });
});
