/** Machines as ECS knows them. */
import {
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  UpdateContainerInstancesStateCommand,
  type ContainerInstance,
  type ECSClient,
  type Resource,
} from '@aws-sdk/client-ecs';
import type { Room } from '../domain/machine';

export interface EcsContainerInstance {
  readonly arn: string;
  /** EC2 instance id. */
  readonly instance: string;
  /** `REGISTERING`, `ACTIVE`, `DRAINING`, `DEREGISTERING`, `INACTIVE`, … */
  readonly status: string;
  readonly connected: boolean;
  readonly registered: Room;
  /** What ECS counts as left. Its GPUs are not told here: ECS names those that are there, not those that are free. */
  readonly remaining: Omit<Room, 'gpus'>;
  /** Tasks that it counts, those that stop included. */
  readonly tasks: number;
  readonly impaired: boolean;
}

/** `DescribeContainerInstances` takes no more at once. */
const DESCRIBED_AT_ONCE = 100;

export class EcsContainerInstances {
  constructor(
    private readonly client: Pick<ECSClient, 'send'>,
    private readonly cluster: string,
  ) {}

  /** Those listed and those of `known` ARNs: a listing may lag, a description by ARN is of the machine itself. */
  async describe(known: readonly string[]): Promise<readonly EcsContainerInstance[]> {
    const arns = [...new Set([...(await this.listed()), ...known])];
    const instances: EcsContainerInstance[] = [];
    for (let first = 0; first < arns.length; first += DESCRIBED_AT_ONCE) {
      const page = await this.client.send(
        new DescribeContainerInstancesCommand({
          cluster: this.cluster,
          containerInstances: arns.slice(first, first + DESCRIBED_AT_ONCE),
          include: ['CONTAINER_INSTANCE_HEALTH'],
        }),
      );
      instances.push(...(page.containerInstances ?? []).map(instanceOf));
    }
    return instances;
  }

  /** Lets a machine take tasks or none. Throws when ECS says that it did not. */
  async setStatus(arn: string, status: 'ACTIVE' | 'DRAINING'): Promise<void> {
    const { failures } = await this.client.send(
      new UpdateContainerInstancesStateCommand({ cluster: this.cluster, containerInstances: [arn], status }),
    );
    const [failure] = failures ?? [];
    if (failure !== undefined)
      throw new Error(`${arn} could not be set ${status}: ${failure.reason ?? 'no reason given'}`);
  }

  private async listed(): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.client.send(new ListContainerInstancesCommand({ cluster: this.cluster, nextToken }));
      arns.push(...(page.containerInstanceArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return arns;
  }
}

function instanceOf(instance: ContainerInstance): EcsContainerInstance {
  const registered = instance.registeredResources ?? [];
  const remaining = instance.remainingResources ?? [];
  return {
    arn: instance.containerInstanceArn ?? '',
    instance: instance.ec2InstanceId ?? '',
    status: instance.status ?? 'INACTIVE',
    connected: instance.agentConnected ?? false,
    registered: {
      gpus: registered.find(({ name }) => name === 'GPU')?.stringSetValue?.length ?? 0,
      cpu: amount(registered, 'CPU'),
      memoryMiB: amount(registered, 'MEMORY'),
    },
    remaining: { cpu: amount(remaining, 'CPU'), memoryMiB: amount(remaining, 'MEMORY') },
    tasks: (instance.runningTasksCount ?? 0) + (instance.pendingTasksCount ?? 0),
    impaired: instance.healthStatus?.overallStatus === 'IMPAIRED',
  };
}

function amount(resources: readonly Resource[], name: string): number {
  return resources.find((resource) => resource.name === name)?.integerValue ?? 0;
}
