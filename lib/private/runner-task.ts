import { CfnDeletionPolicy, Duration, type CfnResource } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { CONTAINER, SHARED_FOLDER, VARIABLE } from '../../runtime/aws-layout';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { DEFAULT_PORT } from '../../runtime/source/fal-dockerfile';
import { acknowledge } from './acknowledgements';
import type { RunnerImages } from './app-image';
import type { AppVolume } from './app-volumes';
import { AGENT_ROOM, type Room } from './machine-room';
import { mountWeightCache } from './weight-cache';

export interface RunnerTaskProps {
  readonly family: string;
  readonly spec: AppSpec;
  readonly room: Room;
  readonly images: RunnerImages;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, ecs.Secret>>;
  readonly agentEnvironment: Readonly<Record<string, string>>;
  readonly volumes: readonly AppVolume[];
  /** Those with copies on the machine: what they are called there, by their paths. */
  readonly cachedVolumes: Readonly<Record<string, string>>;
  readonly logGroup: ILogGroup;
  readonly taskRole: iam.IRole;
  readonly executionRole: iam.IRole;
}

/** The containers of a runner: the app, and the agent that takes requests from the queue for it. */
export class RunnerTask extends Construct {
  public readonly taskDefinition: ecs.Ec2TaskDefinition;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: RunnerTaskProps,
  ) {
    super(scope, id);
    const { family, taskRole, executionRole, volumes } = props;
    this.taskDefinition = new ecs.Ec2TaskDefinition(this, 'Resource', {
      family,
      // Nothing calls in, so a runner needs no network interface of its own, of which an instance has few.
      networkMode: ecs.NetworkMode.BRIDGE,
      taskRole,
      executionRole,
      volumes: [
        ...volumes.map(({ efs }, index) => ({
          name: `volume-${index}`,
          ...(efs === undefined ? {} : { efsVolumeConfiguration: efs }),
        })),
        { name: SHARED },
      ],
    });
    // The last good revision must stay, to fall back to. The last of all goes with the app.
    const resource = this.taskDefinition.node.defaultChild as CfnResource;
    volumes.forEach((volume, index) => {
      addS3Files(resource, volume, index);
    });
    resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE;
    acknowledge(
      this.taskDefinition,
      'ECS2',
      'Names of resources and what the app declares in the open; secrets come from Secrets Manager or SSM.',
    );
    const app = this.app();
    this.agent(app);
  }

  private app(): ecs.ContainerDefinition {
    const { spec, room, images, environment, secrets, volumes, logGroup } = this.props;
    const memory = room.memoryMiB - AGENT_ROOM.memoryMiB;
    const app = this.taskDefinition.addContainer(CONTAINER.app, {
      image: images.app,
      essential: true,
      cpu: room.cpu - AGENT_ROOM.cpu,
      memoryLimitMiB: memory,
      ...(room.gpus > 0 ? { gpuCount: room.gpus } : {}),
      linuxParameters: new ecs.LinuxParameters(this, 'LinuxParameters', {
        initProcessEnabled: true,
        // PyTorch hands batches and NCCL its buffers around in shared memory; Docker's default is 64 MiB.
        sharedMemorySize: Math.floor(memory / 2),
      }),
      stopTimeout: Duration.seconds(spec.termination_grace_period_seconds),
      environment: {
        PORT: String(portOf(spec)),
        ...(room.gpus > 0 ? { NVIDIA_DRIVER_CAPABILITIES: 'all' } : {}),
        ...environment,
      },
      secrets: { ...secrets },
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'runner', mode: ecs.AwsLogDriverMode.NON_BLOCKING }),
    });
    app.addMountPoints(
      { sourceVolume: SHARED, containerPath: SHARED_FOLDER, readOnly: false },
      ...volumes.map(({ path }, index) => ({
        sourceVolume: `volume-${index}`,
        containerPath: path,
        readOnly: false,
      })),
    );
    mountWeightCache(app, this.props.cachedVolumes);
    return app;
  }

  private agent(app: ecs.ContainerDefinition): void {
    const { spec, images, agentEnvironment, logGroup } = this.props;
    const agent = this.taskDefinition.addContainer(CONTAINER.agent, {
      image: images.agent,
      essential: true,
      cpu: AGENT_ROOM.cpu,
      memoryLimitMiB: AGENT_ROOM.memoryMiB,
      // Longer than the app's, which is to finish its requests while the agent still reports.
      stopTimeout: Duration.seconds(spec.termination_grace_period_seconds + 30),
      environment: { [VARIABLE.appUrl]: `http://${CONTAINER.app}:${portOf(spec)}`, ...agentEnvironment },
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'agent', mode: ecs.AwsLogDriverMode.NON_BLOCKING }),
    });
    agent.addLink(app, CONTAINER.app);
    // What started first is stopped last.
    agent.addContainerDependencies({ container: app, condition: ecs.ContainerDependencyCondition.START });
    agent.addMountPoints({ sourceVolume: SHARED, containerPath: SHARED_FOLDER, readOnly: false });
  }
}

/** `ecs.TaskDefinition` knows nothing of S3 Files. */
function addS3Files(taskDefinition: CfnResource, { s3Files }: AppVolume, index: number): void {
  if (s3Files === undefined) return;
  taskDefinition.addPropertyOverride(`Volumes.${index}.S3FilesVolumeConfiguration`, {
    FileSystemArn: s3Files.fileSystemArn,
    AccessPointArn: s3Files.accessPointArn,
  });
}

/** Name of the volume that app and agent share. */
const SHARED = 'shared';

function portOf(spec: AppSpec): number {
  return spec.exposed_port ?? DEFAULT_PORT;
}
