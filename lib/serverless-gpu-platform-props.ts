import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IFileSystem } from 'aws-cdk-lib/aws-efs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Capacity } from './capacity';
import type { Gateway } from './gateway';
import type { NetworkMode } from './network-mode';

/** Settings of a platform. */
export interface ServerlessGpuPlatformProps {
  /**
   * The name, part of the names of most resources and of the address of every app: 1 to 24 lower-case letters, digits
   * and `-`.
   *
   * @default - made from the name of the stack
   */
  readonly platformName?: string;

  /**
   * The VPC of the machines.
   *
   * @default - one is made as `network` says
   */
  readonly vpc?: IVpc;

  /**
   * The subnets of the machines, with a way to the internet or to the endpoints of ECS, ECR, CloudWatch Logs and SQS.
   *
   * @default - private subnets with egress, else public, else isolated ones
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * What is around the machines in the VPC that is made.
   *
   * @default NetworkMode.publicNoIngress()
   */
  readonly network?: NetworkMode;

  /**
   * The cluster.
   *
   * @default - one is made
   */
  readonly cluster?: ICluster;

  /**
   * The file system of the volumes. It must let in who comes with IAM and TLS.
   *
   * @default - one is made
   */
  readonly fileSystem?: IFileSystem;

  /**
   * How machines are bought for apps that don't say it themselves.
   *
   * @default Capacity.onDemand()
   */
  readonly capacity?: Capacity;

  /**
   * Where callers reach the platform.
   *
   * @default Gateway.functionUrl()
   */
  readonly gateway?: Gateway;

  /**
   * The key for requests, results and volumes at rest. The policy of a key that is imported must let the roles under
   * `/sgpu/<platform>/` use it through DynamoDB and S3.
   *
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey;

  /**
   * What becomes of volumes when the platform is deleted. Requests and results are always deleted with it.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long logs of the platform are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * Whether AWS X-Ray gets traces of the functions: a call of the gateway by route and status, a turn of the controller.
   * X-Ray bills each trace, and by default records one call a second and one of twenty beyond. Containers are not traced.
   *
   * @default false
   */
  readonly tracing?: boolean;
}
