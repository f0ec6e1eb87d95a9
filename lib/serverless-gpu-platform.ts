import { createHash } from 'node:crypto';
import { CfnOutput, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { MAX_PLATFORM_NAME, ResourceNames } from '../runtime/aws-layout';
import type { PlatformDeployment } from '../runtime/domain/deployment';
import { Capacity } from './capacity';
import { Gateway } from './gateway';
import { NetworkMode } from './network-mode';
import { acknowledge } from './private/acknowledgements';
import { appWidgets } from './private/app-metrics';
import { Controller } from './private/controller';
import { deploymentParameter } from './private/deployment-parameter';
import { GatewayContainer } from './private/gateway-container';
import { GatewayFunction } from './private/gateway-function';
import { GatewayRestApi } from './private/gateway-rest-api';
import { letPlatformUse } from './private/encryption';
import { grantReadKey } from './private/key-grant';
import { ImportedPlatform } from './private/imported-platform';
import { Lifecycle, Teardown } from './private/lifecycle';
import { MachineRole } from './private/machine-role';
import type { MachinePool } from './private/machine-pool';
import { Network } from './private/network';
import { readAttributes, writeAttributes } from './private/platform-attributes';
import { bucketName } from './private/platform-arns';
import type { PlatformFunctionSurroundings } from './private/platform-function';
import { refuse } from './private/refusal';
import { RequestTable } from './private/request-table';

/** Lambda's poller wants a queue whose messages stay hidden at least as long as the function may run. */
const CONTROLLER_TIMEOUT = Duration.minutes(5);

/** The part of a platform that its apps need to know. */
export interface IServerlessGpuPlatform extends IConstruct, ec2.IConnectable {
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
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of the machines, with a way to the internet or to the endpoints of ECS, ECR, CloudWatch Logs and SQS.
   *
   * @default - private subnets with egress, else public, else isolated ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

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
  readonly cluster?: ecs.ICluster;

  /**
   * The file system of the volumes. It must let in who comes with IAM and TLS.
   *
   * @default - one is made
   */
  readonly fileSystem?: efs.IFileSystem;

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
  readonly encryptionKey?: kms.IKey;

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
  readonly logRetention?: logs.RetentionDays;
}

/**
 * What apps share: network, cluster, machines, queue and HTTP API. Costs about a dollar a month while nothing runs.
 *
 * @example
 * const platform = new ServerlessGpuPlatform(this, 'Gpu', { network: NetworkMode.privateWithNat() });
 * new ServerlessGpuApp(this, 'Ocr', { source: AppSource.falApp('ocr/app.py'), platform });
 */
export class ServerlessGpuPlatform extends Construct implements IServerlessGpuPlatform {
  /**
   * A platform of this account and region that another CDK app deploys. CloudFormation looks up what it consists of when
   * the stack is deployed.
   */
  public static fromPlatformName(scope: Construct, id: string, platformName: string): IServerlessGpuPlatform {
    return new ImportedPlatform(scope, id, readAttributes(scope, platformName));
  }

  /** A platform of this account and region that another CDK app deploys. */
  public static fromPlatformAttributes(
    scope: Construct,
    id: string,
    attributes: ServerlessGpuPlatformAttributes,
  ): IServerlessGpuPlatform {
    return new ImportedPlatform(scope, id, attributes);
  }

  public readonly platformName: string;
  public readonly clusterName: string;
  public readonly subnetIds: string[];
  public readonly instanceProfileArn: string;
  public readonly fileSystemId: string;
  public readonly url: string;
  public readonly capacity: Capacity;
  public readonly connections: ec2.Connections;

  /** The VPC of the machines. */
  public readonly vpc: ec2.IVpc;
  /** The cluster of the machines. */
  public readonly cluster: ecs.ICluster;
  /** The file system of the volumes. */
  public readonly fileSystem: efs.IFileSystem;
  /** Inputs and results of requests, and uploaded files. */
  public readonly bucket: s3.IBucket;
  /** The logs of gateway and controller. */
  public readonly logGroup: logs.ILogGroup;

  private readonly lifecycle: Lifecycle;

  private dashboard: cloudwatch.Dashboard | undefined;

  /** Apps by the path of their construct, to find two of one name. */
  private readonly apps = new Map<string, string>();

  /**
   * Deleted first, and made last.
   *
   * @internal
   */
  public readonly _teardown: Teardown;

  constructor(scope: Construct, id: string, props: ServerlessGpuPlatformProps = {}) {
    super(scope, id);
    this.platformName = platformName(this, props.platformName);
    this.capacity = props.capacity ?? Capacity.onDemand();
    const names = new ResourceNames(this.platformName);

    this.vpc = this.network(props);
    const { subnetIds, subnets } = this.vpc.selectSubnets(props.vpcSubnets ?? machineSubnets(this.vpc));
    if (subnetIds.length === 0) refuse(this, '`vpcSubnets` chooses no subnet of `vpc`: machines need one at least');
    this.subnetIds = subnetIds;
    const machineSecurityGroup = this.machineSecurityGroup();
    this.connections = new ec2.Connections({ securityGroups: [machineSecurityGroup] });
    this.cluster = props.cluster ?? this.ownCluster(names);
    this.clusterName = this.cluster.clusterName;
    this.instanceProfileArn = new MachineRole(this, 'Machine', {
      names,
      clusterName: this.clusterName,
    }).instanceProfileArn;
    this.fileSystem = props.fileSystem ?? this.volumes(subnets, props);
    this.fileSystem.connections.allowDefaultPortFrom(this);
    this.fileSystemId = this.fileSystem.fileSystemId;

    if (props.encryptionKey !== undefined) letPlatformUse(props.encryptionKey, this, names);
    new RequestTable(this, 'Table', {
      tableName: names.table,
      ...(props.encryptionKey === undefined ? {} : { encryptionKey: props.encryptionKey }),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.bucket = this.blobs(names, props);
    const controlQueue = this.controlQueue(names);
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: names.platformLogGroup,
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const surroundings = {
      names,
      logGroup: this.logGroup,
      bucketName: this.bucket.bucketName,
      clusterName: this.clusterName,
      controlQueueUrl: controlQueue.queueUrl,
    };
    this.url = this.gateway(props.gateway ?? Gateway.functionUrl(), surroundings, { subnets });
    new Controller(this, 'Controller', { ...surroundings, controlQueue });
    this.lifecycle = new Lifecycle(this, 'Lifecycle', surroundings);
    const deployment: PlatformDeployment = { publicUrl: this.url };
    deploymentParameter(this, 'Parameter', names.platformParameter, deployment);
    writeAttributes(this, 'Attributes', {
      platformName: this.platformName,
      clusterName: this.clusterName,
      securityGroupId: machineSecurityGroup.securityGroupId,
      subnetIds: this.subnetIds,
      instanceProfileArn: this.instanceProfileArn,
      fileSystemId: this.fileSystemId,
      url: this.url,
    });

    const everythingElse = [...this.node.children];
    this._teardown = new Teardown(this, 'Teardown', this.lifecycle.platformFunction.function.functionArn, {
      kind: 'platform',
      platform: this.platformName,
    });
    this._teardown.node.addDependency(...everythingElse);
    new CfnOutput(this, 'Url', { description: 'Where callers reach the apps', value: this.url });
  }

  /** Lets somebody read the API key with which apps are called, from `/sgpu/<platform>/secrets/invoke-key` in SSM. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return grantReadKey(this, grantee, new ResourceNames(this.platformName).invokeKey);
  }

  /** Lets somebody read the admin key, from `/sgpu/<platform>/secrets/admin-key` in SSM. */
  public grantAdminister(grantee: iam.IGrantable): iam.Grant {
    return grantReadKey(this, grantee, new ResourceNames(this.platformName).adminKey);
  }

  /** Makes a dashboard of all apps of this CDK app that run on the platform. */
  public addDashboard(): cloudwatch.Dashboard {
    const dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: new ResourceNames(this.platformName).table,
    });
    for (const name of this.apps.keys()) dashboard.addWidgets(...appWidgets(`${this.platformName}/${name}`));
    this.dashboard = dashboard;
    return dashboard;
  }

  /** @internal */
  public _addApp(app: IConstruct, name: string): void {
    const other = this.apps.get(name);
    if (other !== undefined) {
      refuse(app, `\`name\` is '${name}', as that of ${other}: an app of a platform needs a name of its own`);
    }
    this.apps.set(name, app.node.path);
    this.dashboard?.addWidgets(...appWidgets(`${this.platformName}/${name}`));
  }

  /**
   * Machines end before anything that they need is deleted.
   *
   * @internal
   */
  public _addPool(pool: MachinePool): void {
    pool.teardown.node.addDependency(this.lifecycle);
    this._teardown.node.addDependency(pool.teardown);
  }

  private network({ vpc, network, vpcSubnets }: ServerlessGpuPlatformProps): ec2.IVpc {
    if (vpc !== undefined) {
      if (network !== undefined) refuse(this, '`network` describes a VPC to be made: remove it, or `vpc`');
      return vpc;
    }
    if (vpcSubnets !== undefined) refuse(this, '`vpcSubnets` chooses among the subnets of `vpc`: give both or neither');
    return new Network(this, 'Network', { mode: network ?? NetworkMode.publicNoIngress() }).vpc;
  }

  private ownCluster(names: ResourceNames): ecs.Cluster {
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc: this.vpc, clusterName: names.cluster });
    acknowledge(
      cluster,
      'ECS4',
      'The platform has metrics of its own; Container Insights bills each runner: bring a cluster that has it.',
    );
    return cluster;
  }

  /** Returns the URL. */
  private gateway(
    { _declaration: declaration }: Gateway,
    surroundings: PlatformFunctionSurroundings,
    subnets: ec2.SubnetSelection,
  ): string {
    if (declaration.kind === 'container') {
      const { vpc, cluster } = this;
      new GatewayContainer(this, 'Gateway', { ...surroundings, ...declaration, vpc, cluster, subnets });
      return `https://${declaration.domainName}`;
    }
    const gateway = new GatewayFunction(this, 'Gateway', surroundings);
    if (declaration.kind === 'function-url') return gateway.addUrl();
    new GatewayRestApi(this, 'GatewayApi', { ...declaration, handler: gateway.function });
    return `https://${declaration.domainName}`;
  }

  private machineSecurityGroup(): ec2.SecurityGroup {
    return new ec2.SecurityGroup(this, 'MachineSecurityGroup', {
      vpc: this.vpc,
      description: 'Machines of runners: nothing reaches them',
      allowAllOutbound: true,
    });
  }

  private volumes(
    subnets: ec2.ISubnet[],
    { removalPolicy, encryptionKey }: ServerlessGpuPlatformProps,
  ): efs.FileSystem {
    return new efs.FileSystem(this, 'FileSystem', {
      vpc: this.vpc,
      vpcSubnets: { subnets },
      encrypted: true,
      ...(encryptionKey === undefined ? {} : { kmsKey: encryptionKey }),
      throughputMode: efs.ThroughputMode.ELASTIC,
      lifecyclePolicy: efs.LifecyclePolicy.AFTER_30_DAYS,
      outOfInfrequentAccessPolicy: efs.OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
      allowAnonymousAccess: false,
      removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private blobs(names: ResourceNames, { encryptionKey }: ServerlessGpuPlatformProps): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: bucketName(this, names),
      ...(encryptionKey === undefined
        ? { encryption: s3.BucketEncryption.S3_MANAGED }
        : { encryption: s3.BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // The teardown empties it.
      removalPolicy: RemovalPolicy.DESTROY,
      cors: [
        {
          allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.PUT, s3.HttpMethods.HEAD],
          allowedOrigins: ['*'],
          allowedHeaders: ['*'],
          exposedHeaders: ['ETag'],
          maxAge: 3600,
        },
      ],
    });
    acknowledge(
      bucket,
      'S1',
      'Callers reach it by URLs that the gateway signs; data events of CloudTrail log each access for who needs it.',
    );
    return bucket;
  }

  private controlQueue(names: ResourceNames): sqs.Queue {
    const queue = new sqs.Queue(this, 'ControlQueue', {
      queueName: names.controlQueue,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: CONTROLLER_TIMEOUT,
      // A poke that nobody took for minutes is made good by the next tick.
      retentionPeriod: CONTROLLER_TIMEOUT,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(queue, 'SQS3', 'Its messages only wake the controller: the next tick makes a lost one good.');
    return queue;
  }
}

function machineSubnets(vpc: ec2.IVpc): ec2.SubnetSelection {
  if (vpc.privateSubnets.length > 0) return { subnets: vpc.privateSubnets };
  return { subnets: vpc.publicSubnets.length > 0 ? vpc.publicSubnets : vpc.isolatedSubnets };
}

function platformName(platform: ServerlessGpuPlatform, given: string | undefined): string {
  if (given === undefined) return defaultPlatformName(Stack.of(platform).stackName);
  if (Token.isUnresolved(given)) {
    refuse(platform, '`platformName` must be known at synthesis: names of resources and apps are made from it');
  }
  if (!/^[a-z][a-z0-9-]*$/.test(given) || given.length > MAX_PLATFORM_NAME) {
    refuse(
      platform,
      `\`platformName\` is '${given}': it must have 1 to ${MAX_PLATFORM_NAME} lower-case letters, digits and '-', the first a letter`,
    );
  }
  return given;
}

/** The stack's name in lower case; of a longer one the start and six digits that tell it from others. */
function defaultPlatformName(stackName: string): string {
  const name = stackName.toLowerCase();
  if (name.length <= MAX_PLATFORM_NAME) return name;
  const digits = createHash('sha256').update(stackName).digest('hex').slice(0, 6);
  return `${name.slice(0, MAX_PLATFORM_NAME - digits.length - 1).replace(/-$/, '')}-${digits}`;
}
