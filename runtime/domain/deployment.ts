/**
 * What a deployed template tells the running platform, in SSM parameters written by CloudFormation: one for the platform,
 * one for each pool of machines and one for each app (see `runtime/aws-layout.ts` for their names). The controller
 * copies them into the table when they change; gateway and agents read the table.
 */
import type { AppSpec } from './app-spec';

/** An app as it was deployed. At most 4 KB as JSON, the limit of a standard parameter. */
export interface AppDeployment {
  /** `owner/alias`. */
  readonly app: string;
  /** Without `requirements` and `env`, which only the image and the task definition need. */
  readonly spec: Omit<AppSpec, 'requirements' | 'env'>;
  readonly strategy?: 'rolling' | 'recreate';
  /** What whoever deployed it wrote down about it. */
  readonly message?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * ARN with its revision number. The number is the app's revision: it changes exactly when something changes that needs
   * new runners (image, environment, volumes), and not with settings of the scaling.
   */
  readonly taskDefinition: string;
  readonly queueUrl: string;
  /** Pools in order of preference: the next is tried when one has no capacity. */
  readonly pools: readonly string[];
  /** GPUs, CPU units and MiB that one runner takes of a machine. */
  readonly gpus: number;
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** What of a deployment belongs to the revision: how its runners are started. */
export type RevisionDeployment = Pick<
  AppDeployment,
  'taskDefinition' | 'queueUrl' | 'pools' | 'gpus' | 'cpu' | 'memoryMiB' | 'message' | 'annotations'
>;

/** A pool: machines of one shape, bought in one way, shared by the apps that name it. */
export interface PoolDeployment {
  readonly pool: string;
  /** EC2 instance type: `g5.xlarge`. */
  readonly instanceType: string;
  readonly market: 'on-demand' | 'spot' | 'capacity-reservation' | 'capacity-block';
  readonly autoScalingGroup: string;
  /** What a machine offers to tasks, as the ECS agent registers it. */
  readonly gpus: number;
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Seconds a machine stays after its last runner. */
  readonly keepAlive: number;
  /** Machines there may be at most. */
  readonly maxMachines: number;
  /** The only app that may use the pool. */
  readonly dedicatedTo?: string;
  /** Set where the group has a warm pool: `LaunchInstances` can't be used then. */
  readonly warmPool?: boolean;
}

export interface PlatformDeployment {
  /** `https://…` without a path: where callers reach the gateway. */
  readonly publicUrl: string;
}
