/**
 * The shapes of the fleet's requests and answers, against moto. It records ECS tasks without placing or running them, so
 * that nothing is learnt here about placement; the stand-in is for that.
 */
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateDefaultVpcCommand, DescribeImagesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  ECSClient,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { EcsContainerInstances } from '../../../runtime/aws/ecs-container-instances';
import { EcsTasks } from '../../../runtime/aws/ecs-tasks';
import { MachineGroups } from '../../../runtime/aws/machines-auto-scaling';
import type { PoolDeployment } from '../../../runtime/domain/deployment';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';

const POOL: PoolDeployment = {
  ...{ pool: 'gpu', instanceType: 'g5.xlarge', market: 'on-demand', autoScalingGroup: 'sgpu-test-pool-gpu' },
  ...{ gpus: 1, cpu: 4096, memoryMiB: 15_000, keepAlive: 120, maxMachines: 4 },
};

let emulator: AwsEmulator;
let ecs: ECSClient;
let ec2: EC2Client;
let autoScaling: AutoScalingClient;
let image: string;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  ecs = new ECSClient(clientOf(emulator));
  ec2 = new EC2Client(clientOf(emulator));
  autoScaling = new AutoScalingClient(clientOf(emulator));
  await ec2.send(new CreateDefaultVpcCommand({})).catch(() => undefined);
  image = (await ec2.send(new DescribeImagesCommand({}))).Images?.[0]?.ImageId ?? '';
});
afterAll(async () => {
  for (const client of [ecs, ec2, autoScaling]) client.destroy();
  await emulator.stop();
});

test('a runner is started, described and stopped', async () => {
  const { machine } = await clusterWithMachine();
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'sgpu-test-app',
      containerDefinitions: ['app', 'agent'].map((name) => ({ name, image: 'any', memory: 128 })),
    }),
  );
  const tasks = new EcsTasks(ecs, 'test', 'test');
  const answer = await tasks.run({
    ...{ runner: 'runner-1', app: 'test/app', revision: '1', machine, clientToken: 'runner-1' },
    taskDefinition: taskDefinition?.taskDefinitionArn ?? '',
  });
  expect(answer).toEqual({ kind: 'started', task: expect.stringMatching(/^arn:aws:ecs:/) });
  expect(await tasks.describe([])).toMatchObject([{ runner: 'runner-1', ofService: false }]);
  const [task = ''] = await tasks.tasksOf('runner-1');
  await tasks.stop(task, 'the test ends');
  expect(await tasks.describe([task])).toMatchObject([
    { arn: task, status: 'STOPPED', stoppedReason: 'the test ends' },
  ]);
});

test('a task definition that does not exist is no reason to try another machine', async () => {
  const { machine } = await clusterWithMachine();
  const order = { runner: 'runner-2', app: 'test/app', revision: '1', machine, clientToken: 'runner-2' };
  expect(await new EcsTasks(ecs, 'test', 'test').run({ ...order, taskDefinition: 'sgpu-none:1' })).toMatchObject({
    kind: 'invalid',
  });
});

test('a machine is described, drained and called back', async () => {
  const { machine } = await clusterWithMachine();
  const instances = new EcsContainerInstances(ecs, 'test');
  const found = (await instances.describe([])).find(({ instance }) => instance === machine);
  expect(found).toMatchObject({ status: 'ACTIVE', connected: true, tasks: 0 });
  await instances.setStatus(found!.arn, 'DRAINING');
  expect(await instances.describe([found!.arn])).toEqual(
    expect.arrayContaining([expect.objectContaining({ instance: machine, status: 'DRAINING' })]),
  );
  await instances.setStatus(found!.arn, 'ACTIVE');
});

test('a group is described, filled and emptied', async () => {
  await autoScaling.send(
    new CreateLaunchConfigurationCommand({
      LaunchConfigurationName: 'machines',
      ImageId: image,
      InstanceType: 'g5.xlarge',
    }),
  );
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: POOL.autoScalingGroup,
      LaunchConfigurationName: 'machines',
      AvailabilityZones: ['us-east-1a'],
      MinSize: 0,
      MaxSize: 2,
      NewInstancesProtectedFromScaleIn: true,
    }),
  );
  const groups = new MachineGroups(autoScaling);
  expect(await groups.describe([POOL.autoScalingGroup, 'no-such-group'])).toEqual(
    new Map([
      [POOL.autoScalingGroup, { zones: ['us-east-1a'], desired: 0, instances: [], ending: [], rebalances: true }],
    ]),
  );
  await groups.suspendRebalancing(POOL.autoScalingGroup);
  expect((await groups.describe([POOL.autoScalingGroup])).get(POOL.autoScalingGroup)?.rebalances).toBe(false);
  await groups.setDesired(POOL.autoScalingGroup, 1);
  const instance = (await groups.describe([POOL.autoScalingGroup])).get(POOL.autoScalingGroup)?.instances[0];
  expect(instance).toEqual({ id: expect.stringMatching(/^i-/), zone: 'us-east-1a' });
  await groups.terminate(instance!.id);
  expect((await groups.describe([POOL.autoScalingGroup])).get(POOL.autoScalingGroup)).toMatchObject({
    desired: 0,
    instances: [],
  });
});

async function clusterWithMachine(): Promise<{ readonly machine: string }> {
  await ecs.send(new CreateClusterCommand({ clusterName: 'test' }));
  const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1 }));
  const machine = Instances?.[0]?.InstanceId ?? '';
  const document = JSON.stringify({ instanceId: machine, region: emulator.region, accountId: '123456789012' });
  await ecs.send(
    new RegisterContainerInstanceCommand({
      cluster: 'test',
      instanceIdentityDocument: document,
      instanceIdentityDocumentSignature: 'none',
    }),
  );
  return { machine };
}
