import { CfnOutput, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { ResourceNames, TAG } from '../runtime/aws-layout';
import type { AppSpec } from '../runtime/domain/app-spec';
import type { AppAlarmOptions, RunnerState } from './monitoring';
import { ImageBuild } from './image-build';
import type { IServerlessGpuPlatform } from './platform-interface';
import { recommendedAlarms } from './private/app-alarms';
import { deployApp } from './private/app-deployment';
import { agentEnvironment, appKeySecret, platformEnvironment } from './private/app-environment';
import { readSource, runnerImages } from './private/app-image';
import { appMachines } from './private/app-machines';
import { appMetric, appWidgets } from './private/app-metrics';
import { ownDeadLetterQueue, requestQueue } from './private/app-queues';
import { appSecrets } from './private/app-secrets';
import { appSettings } from './private/app-settings';
import { appVolumes } from './private/app-volumes';
import { checkContainer } from './private/container-rules';
import { grantReadKey } from './private/key-grant';
import { refuse } from './private/refusal';
import { RunnerRoles } from './private/runner-roles';
import { RunnerTask } from './private/runner-task';
import { cachedVolumes } from './private/weight-cache';
import type { ServerlessGpuAppProps } from './serverless-gpu-app-props';
import { ServerlessGpuPlatform } from './serverless-gpu-platform';

/**
 * An app on GPUs that start when there are requests and end when there are none.
 *
 * @example
 * new ServerlessGpuApp(this, 'Ocr', { source: AppSource.falApp('ocr/app.py') });
 */
export class ServerlessGpuApp extends Construct implements ec2.IConnectable {
  /** `<platform>/<name>`: what clients call. */
  public readonly appId: string;

  /** The platform it runs on. */
  public readonly platform: IServerlessGpuPlatform;

  /** Messages in it are requests: a JSON body, from S3, EventBridge, Step Functions or a plain `SendMessage`. */
  public readonly queue: sqs.IQueue;

  /** Where messages go that can't be made requests of. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** What runners print. */
  public readonly logGroup: logs.ILogGroup;

  /** The containers of a runner. Its revision number is the revision of the app. */
  public readonly taskDefinition: ecs.TaskDefinition;

  /** Of the machines, which runners share the network of: to let the app into a database. */
  public readonly connections: ec2.Connections;

  private readonly names: ResourceNames;
  private readonly alias: string;
  private readonly spec: AppSpec;

  constructor(scope: Construct, id: string, props: ServerlessGpuAppProps) {
    super(scope, id);
    const { _declaration: declaration } = props.source;
    const source = readSource(this, declaration);
    this.platform = props.platform ?? platformOfStack(this);
    this.connections = this.platform.connections;
    this.names = new ResourceNames(this.platform.platformName);
    this.spec = appSettings(this, source, appName(this, props.name) ?? source?.alias ?? id.toLowerCase(), props);
    checkContainer(this, this.spec);
    this.alias = this.spec.name;
    this.appId = `${this.platform.platformName}/${this.alias}`;
    if (this.platform instanceof ServerlessGpuPlatform) this.platform._addApp(this, this.alias);
    Tags.of(this).add(TAG.app, this.appId);

    const { names, alias, spec, appId, platform, lifecycle } = this;
    const machines = appMachines(this, {
      appId,
      spec,
      platform,
      capacity: props.capacity ?? platform.capacity,
      acknowledgeEightGpuMachine: props.acknowledgeEightGpuMachine ?? false,
    });
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: names.appLogGroup(alias),
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.deadLetterQueue = props.deadLetterQueue ?? ownDeadLetterQueue(this);
    this.queue = requestQueue(this, names.appQueue(alias), this.deadLetterQueue);
    const { logGroup } = this;
    const { queueArn, queueUrl } = this.queue;
    const volumes = appVolumes(this, spec, platform, props.volumes ?? {});
    const roles = new RunnerRoles(this, 'Roles', { names, app: appId, queueArn, volumes, logGroup });
    const build = (props.imageBuild ?? ImageBuild.docker())._declaration;
    const { taskDefinition } = new RunnerTask(this, 'Runner', {
      family: names.taskFamily(alias),
      spec,
      room: machines.room,
      images: runnerImages(this, { declaration, source, spec, build, names, alias, logGroup, lifecycle }),
      environment: { ...platformEnvironment(appId, platform.url), ...spec.env },
      secrets: { FAL_KEY: appKeySecret(this, names), ...appSecrets(this, spec, names, props.secrets ?? {}) },
      agentEnvironment: agentEnvironment(this, { appId, names, clusterName: platform.clusterName, queueUrl }),
      volumes,
      cachedVolumes: cachedVolumes(declaration, machines.pools, volumes),
      logGroup,
      taskRole: roles.task,
      executionRole: roles.execution,
    });
    this.taskDefinition = taskDefinition;
    const { taskDefinitionArn } = taskDefinition;
    const verify = props.verifyOnDeploy ?? false;
    deployApp(this, { ...machines, appId, names, spec, taskDefinitionArn, queueUrl, lifecycle, verify });
    this.outputs();
  }

  /**
   * Lets somebody read the API key with which apps of the platform are called, from the SSM parameter
   * `/sgpu/<platform>/secrets/invoke-key`.
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return grantReadKey(this, grantee, this.names.invokeKey);
  }

  /** Lets somebody read the admin key of the platform, from `/sgpu/<platform>/secrets/admin-key`. */
  public grantAdminister(grantee: iam.IGrantable): iam.Grant {
    return grantReadKey(this, grantee, this.names.adminKey);
  }

  /**
   * Lets somebody put work on the app's queue: a message with a JSON body is a request, its message id the request's id.
   * A service that writes to SQS by itself, such as S3, is let in by its own construct: `new SqsDestination(app.queue)`.
   */
  public grantSend(grantee: iam.IGrantable): iam.Grant {
    return this.queue.grantSendMessages(grantee);
  }

  /** Seconds that the oldest waiting request has waited; 0 while none waits. */
  public metricQueueAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'queueAge', 'Maximum', options);
  }

  /** Seconds until what waits now is done, at the pace of late. */
  public metricTimeToDrain(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'timeToDrain', 'Maximum', options);
  }

  /** Requests that wait. */
  public metricWaiting(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'waiting', 'Maximum', options);
  }

  /** Requests in progress. */
  public metricInProgress(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'inProgress', 'Maximum', options);
  }

  /** Runners in a state. */
  public metricRunners(state: RunnerState, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, state, 'Maximum', options);
  }

  /** Runners that became ready. */
  public metricColdStarts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'coldStarts', 'Sum', options);
  }

  /** Seconds from the launch of a runner until it was ready. */
  public metricColdStartTime(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'coldStartTime', 'p95', options);
  }

  /** Runners that failed to start. */
  public metricFailedStarts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'failedStarts', 'Sum', options);
  }

  /** Milliseconds from the submission of a request until its end. */
  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'latency', 'p95', options);
  }

  /** Requests that ended with a status of 500 or more. */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'errors', 'Sum', options);
  }

  /** What runners took of their machines, in USD at the on-demand price: an estimate. */
  public metricEstimatedCost(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return appMetric(this.appId, 'estimatedCost', 'Sum', options);
  }

  /** Makes a dashboard of the app. Three dashboards of an account are free, each further one costs $3 a month. */
  public addDashboard(): cloudwatch.Dashboard {
    return new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: this.names.appQueue(this.alias),
      widgets: [appWidgets(this.appId)],
    });
  }

  /** Makes alarms for requests that wait long, errors, failing starts and messages that can't be read. */
  public addRecommendedAlarms(options: AppAlarmOptions = {}): cloudwatch.Alarm[] {
    return recommendedAlarms(this, options);
  }

  /** What has to be there before a custom resource of the app is answered. */
  private get lifecycle(): readonly IDependable[] {
    return this.platform instanceof ServerlessGpuPlatform ? [this.platform._teardown] : [];
  }

  private outputs(): void {
    const { appId, queue, logGroup, platform } = this;
    new CfnOutput(this, 'QueueUrl', { description: `Work for ${appId}`, value: queue.queueUrl });
    new CfnOutput(this, 'LogGroupName', { description: `Logs of ${appId}`, value: logGroup.logGroupName });
    new CfnOutput(this, 'AppUrl', {
      description: `Where ${appId} takes requests`,
      value: `${platform.url}/queue/${appId}`,
    });
  }
}

function appName(app: ServerlessGpuApp, given: string | undefined): string | undefined {
  if (!Token.isUnresolved(given)) return given;
  return refuse(app, '`name` must be known at synthesis: names of resources are made from it');
}

/** One platform for all apps of a stack that are given none. */
function platformOfStack(app: Construct): ServerlessGpuPlatform {
  const stack = Stack.of(app);
  const id = 'ServerlessGpuPlatform';
  return (stack.node.tryFindChild(id) as ServerlessGpuPlatform | undefined) ?? new ServerlessGpuPlatform(stack, id);
}
