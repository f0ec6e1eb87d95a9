import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { AppRecord } from '../../../runtime/domain/app';
import type { PoolDeployment } from '../../../runtime/domain/deployment';
import { EcsFleet } from '../../../runtime/aws/ecs-fleet';
import { exampleApp } from '../../contract/example-app';
import { describeFleet } from '../../contract/fleet';
import { EcsStandIn } from '../../support/ecs-stand-in';
import type { Containers, StandInTask } from '../../support/ecs-stand-in-cluster';
import { MemoryFleetMemory } from '../../support/memory-fleet-memory';

const POOL: PoolDeployment = {
  ...{ pool: 'gpu', instanceType: 'g5.xlarge', market: 'on-demand', autoScalingGroup: 'sgpu-test-pool-gpu' },
  ...{ gpus: 1, cpu: 4096, memoryMiB: 15_000, keepAlive: 60, maxMachines: 4 },
};

describeFleet('EcsFleet', async () => {
  const standIn = await EcsStandIn.start({ pools: [POOL], onTaskStart: containersOf });
  const ecs = new ECSClient(standIn.client);
  const autoScaling = new AutoScalingClient(standIn.client);
  const fleet = new EcsFleet({
    ...{
      ecs,
      autoScaling,
      memory: new MemoryFleetMemory(),
      cluster: 'test',
      platform: 'test',
      clock: { now: Date.now },
    },
    pools: async () => [POOL],
    registry: { get: async () => undefined, replace: async () => false },
    onError: (error) => {
      throw error;
    },
  });
  return {
    fleet,
    lasting: appNamed('lasting'),
    failing: appNamed('failing'),
    close: async () => {
      ecs.destroy();
      autoScaling.destroy();
      await standIn.stop();
    },
  };
});

function appNamed(alias: string): AppRecord {
  const taskDefinition = `arn:aws:ecs:us-east-1:123456789012:task-definition/sgpu-test-${alias}:1`;
  const deployment = { taskDefinition, queueUrl: '', pools: ['gpu'], gpus: 1, cpu: 1024, memoryMiB: 1024 };
  return exampleApp({ id: `test/${alias}`, revision: '1', deployment });
}

function containersOf(task: StandInTask): Containers {
  if (task.taskDefinition.includes('failing'))
    return { ended: Promise.resolve({ exitCode: 1 }), stop: () => undefined };
  let end: (how: { readonly exitCode: number }) => void = () => undefined;
  const ended = new Promise<{ readonly exitCode: number }>((resolve) => (end = resolve));
  return {
    ended,
    stop: () => {
      end({ exitCode: 143 });
    },
  };
}
