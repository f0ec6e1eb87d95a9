import type { IConnectable } from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import type { Capacity } from './capacity';

/** The part of a platform that its apps need to know. */
export interface IServerlessGpuPlatform extends IConstruct, IConnectable {
  /** The name, which is the owner of the apps too: `<platform>/<app>`. */
  readonly platformName: string;

  /** The ECS cluster of the machines. */
  readonly clusterName: string;

  /** Ids of the subnets of the machines. */
  readonly subnetIds: string[];

  /** ARN of the instance profile of the machines. */
  readonly instanceProfileArn: string;

  /** The file system of the volumes. */
  readonly fileSystemId: string;

  /** `https://…` without a path: where callers reach the apps. */
  readonly url: string;

  /** How machines are bought for apps that don't say it themselves. */
  readonly capacity: Capacity;
}

/** What a stack must know of a platform that another CDK app deploys. */
export interface ServerlessGpuPlatformAttributes {
  /** The name of the platform. */
  readonly platformName: string;

  /** The ECS cluster of the machines. */
  readonly clusterName: string;

  /** The security group of the machines. */
  readonly securityGroupId: string;

  /** The subnets of the machines. */
  readonly subnetIds: string[];

  /** ARN of the instance profile of the machines. */
  readonly instanceProfileArn: string;

  /** The file system of the volumes. */
  readonly fileSystemId: string;

  /** `https://…` without a path: where callers reach the apps. */
  readonly url: string;

  /**
   * How machines are bought for apps that don't say it themselves.
   *
   * @default Capacity.onDemand()
   */
  readonly capacity?: Capacity;
}
