import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { ResourceNames } from '../runtime/aws-layout';
import type { PlatformDeployment } from '../runtime/domain/deployment';
import type { PlatformAlarmOptions, RunnerState } from './monitoring';
import { Capacity } from './capacity';
import { Gateway } from './gateway';
import { NetworkMode } from './network-mode';
import type { IServerlessGpuPlatform, ServerlessGpuPlatformAttributes } from './platform-interface';
import { acknowledge } from './private/acknowledgements';
import { appWidgets } from './private/app-metrics';
import { ControlQueue } from './private/control-queue';
import { Controller } from './private/controller';
import { deploymentParameter } from './private/deployment-parameter';
import { letPlatformUse } from './private/encryption';
import { ImportedPlatform } from './private/imported-platform';
import { grantReadKey } from './private/key-grant';
import { grantSendToApps } from './private/send-grant';
import { Lifecycle, Teardown } from './private/lifecycle';
import type { MachinePool } from './private/machine-pool';
import { MachineRole } from './private/machine-role';
import { Network } from './private/network';
import { readAttributes, writeAttributes } from './private/platform-attributes';
import { platformAlarms } from './private/platform-alarms';
import { PlatformBucket } from './private/platform-bucket';
import { platformGateway } from './private/platform-gateway';
import { platformMetric, type Combination } from './private/platform-metrics';
import { platformName } from './private/platform-name';
import { refuse } from './private/refusal';
import { RequestTable } from './private/request-table';
import { VolumeFileSystem } from './private/volume-file-system';
import type { ServerlessGpuPlatformProps } from './serverless-gpu-platform-props';

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
  private readonly controller: IFunction;
  private readonly controlQueue: ControlQueue;

  private dashboard: cloudwatch.Dashboard | undefined;

  /** Apps by the path of their construct, to find two of one name. */
  private readonly apps = new Map<string, string>();

  /**
   * Of the machines. Unknown in the first pass of a look-up.
   *
   * @internal
   */
  public readonly _subnets: readonly ec2.ISubnet[] | undefined;

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
    const chosen = this.vpc.selectSubnets(props.vpcSubnets ?? machineSubnets(this.vpc));
    const { subnetIds, subnets, isPendingLookup } = chosen;
    if (subnetIds.length === 0 && !isPendingLookup) {
      refuse(this, '`vpcSubnets` chooses no subnet of `vpc`: machines need one at least');
    }
    this.subnetIds = subnetIds;
    this._subnets = isPendingLookup ? undefined : subnets;
    const machineSecurityGroup = this.machineSecurityGroup();
    this.connections = new ec2.Connections({ securityGroups: [machineSecurityGroup] });
    this.cluster = props.cluster ?? this.ownCluster(names);
    this.clusterName = this.cluster.clusterName;
    const { vpc, cluster, clusterName } = this;
    this.instanceProfileArn = new MachineRole(this, 'Machine', { names, clusterName }).instanceProfileArn;
    this.fileSystem = props.fileSystem ?? this.ownFileSystem(subnets, props);
    this.fileSystem.connections.allowDefaultPortFrom(this);
    this.fileSystemId = this.fileSystem.fileSystemId;

    if (props.encryptionKey !== undefined) letPlatformUse(props.encryptionKey, this, names);
    new RequestTable(this, 'Table', {
      tableName: names.table,
      ...(props.encryptionKey === undefined ? {} : { encryptionKey: props.encryptionKey }),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.bucket = new PlatformBucket(this, 'Bucket', names, props.encryptionKey);
    this.controlQueue = new ControlQueue(this, 'ControlQueue', names.controlQueue);
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: names.platformLogGroup,
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const surroundings = {
      names,
      logGroup: this.logGroup,
      bucketName: this.bucket.bucketName,
      clusterName,
      controlQueueUrl: this.controlQueue.queueUrl,
      tracing: props.tracing ?? false,
    };
    const { _declaration: declaration } = props.gateway ?? Gateway.functionUrl();
    this.url = platformGateway(this, { ...surroundings, declaration, vpc, cluster, subnets });
    const { controlQueue } = this;
    this.controller = new Controller(this, 'Controller', { ...surroundings, controlQueue }).platformFunction.function;
    this.lifecycle = new Lifecycle(this, 'Lifecycle', surroundings);
    const deployment: PlatformDeployment = { publicUrl: this.url };
    deploymentParameter(this, 'Parameter', names.platformParameter, deployment);
    writeAttributes(this, 'Attributes', {
      platformName: this.platformName,
      clusterName,
      securityGroupId: machineSecurityGroup.securityGroupId,
      subnetIds,
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

  /** Lets somebody put work on the queues of all apps so far. */
  public grantSend(grantee: iam.IGrantable): iam.Grant {
    return grantSendToApps(this, grantee, new ResourceNames(this.platformName), [...this.apps.keys()]);
  }

  /** Seconds that the oldest waiting request of any app has waited. Of all apps so far. */
  public metricQueueAge(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'queueAge', statistic: 'Maximum', by: 'MAX' }, options);
  }

  /** Seconds until what waits is done, of the app that takes longest. Of all apps so far. */
  public metricTimeToDrain(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'timeToDrain', statistic: 'Maximum', by: 'MAX' }, options);
  }

  /** Requests that wait. Of all apps so far. */
  public metricWaiting(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'waiting', statistic: 'Maximum', by: 'SUM' }, options);
  }

  /** Requests in progress. Of all apps so far. */
  public metricInProgress(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'inProgress', statistic: 'Maximum', by: 'SUM' }, options);
  }

  /** Runners in a state. Of all apps so far. */
  public metricRunners(state: RunnerState, options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: state, statistic: 'Maximum', by: 'SUM' }, options);
  }

  /** Runners that became ready. Of all apps so far. */
  public metricColdStarts(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'coldStarts', statistic: 'Sum', by: 'SUM' }, options);
  }

  /** Seconds from the launch of a runner until it was ready, of the slowest app. Of all apps so far. */
  public metricColdStartTime(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'coldStartTime', statistic: 'p95', by: 'MAX' }, options);
  }

  /** Runners that failed to start. Of all apps so far. */
  public metricFailedStarts(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'failedStarts', statistic: 'Sum', by: 'SUM' }, options);
  }

  /** Milliseconds from the submission of a request until its end, of the slowest app. Of all apps so far. */
  public metricLatency(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'latency', statistic: 'p95', by: 'MAX' }, options);
  }

  /** Requests that ended with a status of 500 or more. Of all apps so far. */
  public metricErrors(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'errors', statistic: 'Sum', by: 'SUM' }, options);
  }

  /** What runners took of their machines, in USD at the on-demand price: an estimate. Of all apps so far. */
  public metricEstimatedCost(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this.metric({ metric: 'estimatedCost', statistic: 'Sum', by: 'SUM' }, options);
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

  /** Makes alarms for a controller that fails or falls behind: then nothing starts and nothing ends. Apps have their own. */
  public addRecommendedAlarms({ actions = [] }: PlatformAlarmOptions = {}): cloudwatch.Alarm[] {
    return platformAlarms(this, { controller: this.controller, controlQueue: this.controlQueue, actions });
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

  private metric(combination: Combination, options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    const appIds = [...this.apps.keys()].map((name) => `${this.platformName}/${name}`);
    return platformMetric(this, appIds, combination, options);
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

  private machineSecurityGroup(): ec2.SecurityGroup {
    return new ec2.SecurityGroup(this, 'MachineSecurityGroup', {
      vpc: this.vpc,
      description: 'Machines of runners: nothing reaches them',
      allowAllOutbound: true,
    });
  }

  private ownFileSystem(subnets: ec2.ISubnet[], props: ServerlessGpuPlatformProps): VolumeFileSystem {
    const { encryptionKey, removalPolicy } = props;
    return new VolumeFileSystem(this, 'FileSystem', { vpc: this.vpc, subnets, encryptionKey, removalPolicy });
  }
}

function machineSubnets(vpc: ec2.IVpc): ec2.SubnetSelection {
  if (vpc.privateSubnets.length > 0) return { subnets: vpc.privateSubnets };
  return { subnets: vpc.publicSubnets.length > 0 ? vpc.publicSubnets : vpc.isolatedSubnets };
}
