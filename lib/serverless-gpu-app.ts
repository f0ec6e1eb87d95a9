import { CfnOutput, Duration, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { ResourceNames, TAG, VARIABLE } from '../runtime/aws-layout';
import type { AppSpec } from '../runtime/domain/app-spec';
import type { AppDeployment } from '../runtime/domain/deployment';
import type { AppSource } from './app-source';
import type { Capacity } from './capacity';
import { ImageBuild } from './image-build';
import type { MachineType } from './machine-type';
import { appKeySecret, platformEnvironment } from './private/app-environment';
import { readSource, runnerImages } from './private/app-image';
import { appMetric, appWidgets } from './private/app-metrics';
import { appSettings } from './private/app-settings';
import { appVolumes } from './private/app-volumes';
import { checkContainer } from './private/container-rules';
import { deploymentParameter } from './private/deployment-parameter';
import { DeployedRevision, Teardown } from './private/lifecycle';
import { machineChoices } from './private/machine-choice';
import type { MachinePool } from './private/machine-pool';
import { poolFor } from './private/platform-pools';
import { checkCapacity, checkChoices } from './private/machine-rules';
import { grantReadKey } from './private/key-grant';
import { leastRoom, runnerRoom, type Room } from './private/machine-room';
import { bucketName, PlatformArns } from './private/platform-arns';
import { refuse } from './private/refusal';
import { RunnerRoles } from './private/runner-roles';
import { RunnerTask } from './private/runner-task';
import { cachedVolumes } from './private/weight-cache';
import { ServerlessGpuPlatform, type IServerlessGpuPlatform } from './serverless-gpu-platform';
import type { Volume } from './volume';

/** Who may call an app. */
export enum AppAuth {
  /** Keys of the platform that may call this app. */
  PRIVATE = 'private',
  /** Every key of the platform. */
  SHARED = 'shared',
  /** Everybody, without a key. */
  PUBLIC = 'public',
}

/** A request that is repeated every 15 seconds; a runner that fails it is replaced. */
export interface AppHealthCheck {
  /** The path, such as `/health`. */
  readonly path: string;

  /**
   * `GET` or `POST`.
   *
   * @default 'GET'
   */
  readonly method?: string;

  /**
   * How long after its start a runner may fail it.
   *
   * @default Duration.seconds(30)
   */
  readonly startPeriod?: Duration;

  /**
   * How long one check may take.
   *
   * @default Duration.seconds(5)
   */
  readonly timeout?: Duration;

  /**
   * Failures in a row after which the runner is replaced.
   *
   * @default 3
   */
  readonly failureThreshold?: number;

  /**
   * Whether it is called while the runner is ready, too.
   *
   * @default true
   */
  readonly callRegularly?: boolean;
}

/** What a runner is at. */
export enum RunnerState {
  /** It waits for a machine, pulls its images or loads its model. */
  STARTING = 'runnersStarting',
  /** It waits for requests. */
  IDLE = 'runnersIdle',
  /** It works on a request. */
  RUNNING = 'runnersRunning',
  /** It finishes what it has and takes nothing more. */
  LEAVING = 'runnersLeaving',
}

/** Limits of the recommended alarms. */
export interface AppAlarmOptions {
  /**
   * What is done on an alarm, such as a message to an SNS topic.
   *
   * @default - nothing: the alarm only shows
   */
  readonly actions?: cloudwatch.IAlarmAction[];

  /**
   * How long a request may wait. Set it above the time that a cold start takes.
   *
   * @default Duration.minutes(15)
   */
  readonly queueAge?: Duration;

  /**
   * Requests within five minutes that may end with an error of the app.
   *
   * @default 5
   */
  readonly errors?: number;
}

/** Settings of an app. They win over what its source declares, which wins over the defaults. */
export interface ServerlessGpuAppProps {
  /** Where the code comes from. */
  readonly source: AppSource;

  /**
   * The last part of the app's id, `<platform>/<name>`: 1 to 48 lower-case letters, digits, `-` and `_`.
   *
   * @default - made from the class as fal does it (`MyApp`: `my-app`), else from the id of the construct
   */
  readonly name?: string;

  /**
   * Where images are built.
   *
   * @default ImageBuild.docker()
   */
  readonly imageBuild?: ImageBuild;

  /**
   * The machine that a runner needs.
   *
   * @default - as the source says, else `MachineType.S`
   */
  readonly machineType?: MachineType;

  /**
   * Machine types to try, in this order, when there is no capacity for the first.
   *
   * @default - none
   */
  readonly fallbackMachineTypes?: MachineType[];

  /**
   * GPUs of one runner.
   *
   * @default - as the source says, else 1 where the machine type has GPUs
   */
  readonly numGpus?: number;

  /**
   * Says that you know of the whole machine behind one GPU of an A100, an H200 or a B200: EC2 sells these by eights. Runners
   * share it, and it is billed as a whole until the last of them has left.
   *
   * @default false
   */
  readonly acknowledgeEightGpuMachine?: boolean;

  /**
   * Runners kept alive when there are no requests. They cost money day and night.
   *
   * @default 0
   */
  readonly minConcurrency?: number;

  /**
   * Runners at most; further requests wait in the queue.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;

  /**
   * Spare runners above what the requests of the moment need.
   *
   * @default 0
   */
  readonly concurrencyBuffer?: number;

  /**
   * Spare runners as a percentage of those the requests of the moment need; the larger of the two buffers counts.
   *
   * @default 0
   */
  readonly concurrencyBufferPerc?: number;

  /**
   * How long a request waits in the queue before it makes a runner start.
   *
   * @default Duration.seconds(0)
   */
  readonly scalingDelay?: Duration;

  /**
   * Requests that one runner takes at a time.
   *
   * @default 1
   */
  readonly maxMultiplexing?: number;

  /**
   * How long a runner stays idle after its last request before it leaves; at most 7 days.
   *
   * @default Duration.seconds(60)
   */
  readonly keepAlive?: Duration;

  /**
   * How long one attempt of a request may take.
   *
   * @default Duration.hours(1)
   */
  readonly requestTimeout?: Duration;

  /**
   * How long a runner may take until it is ready, the load of its model included.
   *
   * @default Duration.minutes(10)
   */
  readonly startupTimeout?: Duration;

  /**
   * How long a runner that is stopped may go on with its requests; at most 1 hour.
   *
   * @default Duration.seconds(5)
   */
  readonly terminationGracePeriod?: Duration;

  /**
   * Folders that persist, by their absolute path in the container. `/data` is always there.
   *
   * @default - as the source says
   */
  readonly volumes?: { [path: string]: Volume };

  /**
   * Secrets by the environment variable that holds them. They are read when a runner starts.
   *
   * @default - those that the source names, from Secrets Manager under `sgpu/<platform>/<name>`
   */
  readonly secrets?: { [name: string]: ecs.Secret };

  /**
   * Environment variables besides those of the source. They can be read by whoever can read the template.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Who may call the app.
   *
   * @default AppAuth.PRIVATE
   */
  readonly auth?: AppAuth;

  /**
   * A request by which a broken runner is found.
   *
   * @default - as the source says
   */
  readonly healthCheck?: AppHealthCheck;

  /**
   * Whether a deployment waits, for 14 minutes at most, until a runner of the new revision was ready, and is rolled back
   * when it fails to start. Each deployment then starts a runner.
   *
   * @default false
   */
  readonly verifyOnDeploy?: boolean;

  /**
   * The platform to run on.
   *
   * @default - one for all apps of the stack that name none
   */
  readonly platform?: IServerlessGpuPlatform;

  /**
   * How machines are bought.
   *
   * @default - as the platform says
   */
  readonly capacity?: Capacity;

  /**
   * Where messages go that can't be made requests of.
   *
   * @default - a queue of the app's own
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * How long logs of runners are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
}

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

    const { pools, room } = this.machines(props);
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: this.names.appLogGroup(this.alias),
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.deadLetterQueue = props.deadLetterQueue ?? this.ownDeadLetterQueue();
    this.queue = this.requestQueue();
    const volumes = appVolumes(this, this.spec, this.platform, props.volumes ?? {});
    const roles = new RunnerRoles(this, 'Roles', {
      names: this.names,
      app: this.appId,
      queueArn: this.queue.queueArn,
      volumes,
      logGroup: this.logGroup,
    });
    const images = runnerImages(this, {
      declaration,
      source,
      spec: this.spec,
      build: (props.imageBuild ?? ImageBuild.docker())._declaration,
      names: this.names,
      alias: this.alias,
      logGroup: this.logGroup,
      lifecycle: this.lifecycle,
    });
    const task = new RunnerTask(this, 'Runner', {
      family: this.names.taskFamily(this.alias),
      spec: this.spec,
      room,
      images,
      environment: { ...platformEnvironment(this.appId, this.platform.url), ...this.spec.env },
      secrets: { FAL_KEY: appKeySecret(this, this.names), ...this.secrets(props.secrets ?? {}) },
      agentEnvironment: this.agentEnvironment(),
      volumes,
      cachedVolumes: cachedVolumes(declaration, pools, volumes),
      logGroup: this.logGroup,
      taskRole: roles.task,
      executionRole: roles.execution,
    });
    this.taskDefinition = task.taskDefinition;
    this.deploy(pools, room, props.verifyOnDeploy ?? false);
    new CfnOutput(this, 'QueueUrl', { description: `Work for ${this.appId}`, value: this.queue.queueUrl });
    new CfnOutput(this, 'LogGroupName', { description: `Logs of ${this.appId}`, value: this.logGroup.logGroupName });
    new CfnOutput(this, 'AppUrl', {
      description: `Where ${this.appId} takes requests`,
      value: `${this.platform.url}/queue/${this.appId}`,
    });
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
    const minutes = { period: Duration.minutes(5) };
    const alarms = [
      this.alarm('QueueAge', this.metricQueueAge(minutes), (options.queueAge ?? Duration.minutes(15)).toSeconds()),
      this.alarm('Errors', this.metricErrors(minutes), options.errors ?? 5),
      this.alarm('FailedStarts', this.metricFailedStarts(minutes), 2),
      this.alarm('DeadLetters', this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(minutes), 0),
    ];
    for (const alarm of alarms) alarm.addAlarmAction(...(options.actions ?? []));
    return alarms;
  }

  private alarm(id: string, metric: cloudwatch.IMetric, threshold: number): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, `${id}Alarm`, {
      metric,
      threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // An app that rests writes nothing.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }

  /** The pools that the app may use, in order, and what its runners take of their machines. */
  private machines(props: ServerlessGpuAppProps): { readonly pools: readonly MachinePool[]; readonly room: Room } {
    const capacity = props.capacity ?? this.platform.capacity;
    checkCapacity(this, this.spec, capacity);
    const choices = machineChoices(this.spec, capacity);
    checkChoices(this, choices, this.spec.num_gpus ?? 1, props.acknowledgeEightGpuMachine ?? false);
    const room = leastRoom(choices.map((choice) => runnerRoom(choice, this.spec.num_gpus ?? 1)));
    const dedicatedTo = capacity._options.dedicated === true ? this.appId : undefined;
    const pools = choices.map((choice) => poolFor(this.platform, { choice, capacity, dedicatedTo }));
    for (const pool of new Set(pools)) pool.addRunners(this.spec.max_concurrency, room);
    return { pools: [...new Set(pools)], room };
  }

  private requestQueue(): sqs.Queue {
    return new sqs.Queue(this, 'Queue', {
      queueName: this.names.appQueue(this.alias),
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // State and attempts of a request are in the table: this one only ends messages that nobody can read.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 100 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private ownDeadLetterQueue(): sqs.Queue {
    return new sqs.Queue(this, 'DeadLetterQueue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private agentEnvironment(): Readonly<Record<string, string>> {
    return {
      [VARIABLE.platform]: this.platform.platformName,
      [VARIABLE.app]: this.appId,
      [VARIABLE.table]: this.names.table,
      [VARIABLE.bucket]: bucketName(this, this.names),
      [VARIABLE.cluster]: this.platform.clusterName,
      [VARIABLE.queueUrl]: this.queue.queueUrl,
    };
  }

  /** Those that only the source names are in Secrets Manager under the platform's name. */
  private secrets(given: Readonly<Record<string, ecs.Secret>>): Readonly<Record<string, ecs.Secret>> {
    const named = (this.spec.secrets ?? []).filter((name) => !(name in given));
    const stored = named.map((name) => {
      const secret = secretsmanager.Secret.fromSecretNameV2(this, `Secret-${name}`, this.names.secret(name));
      return [name, ecs.Secret.fromSecretsManager(secret)] as const;
    });
    return { ...Object.fromEntries(stored), ...given };
  }

  /** What has to be there before a custom resource of the app is answered. */
  private get lifecycle(): readonly IDependable[] {
    return this.platform instanceof ServerlessGpuPlatform ? [this.platform._teardown] : [];
  }

  private deploy(pools: readonly MachinePool[], room: Room, verify: boolean): void {
    const { requirements: _requirements, env: _env, ...spec } = this.spec;
    const deployment: AppDeployment = {
      app: this.appId,
      spec,
      taskDefinition: this.taskDefinition.taskDefinitionArn,
      queueUrl: this.queue.queueUrl,
      pools: pools.map(({ pool }) => pool),
      ...room,
    };
    const everythingElse = [...this.node.children];
    const parameter = deploymentParameter(this, 'Parameter', this.names.appParameter(this.alias), deployment);
    const arns = new PlatformArns(this, this.names);
    const teardown = new Teardown(this, 'Teardown', arns.lifecycleFunction, { kind: 'app', app: this.appId });
    const poolTeardowns = pools.map((pool) => pool.teardown);
    teardown.node.addDependency(...everythingElse, parameter, ...poolTeardowns, ...this.lifecycle);
    if (!verify) return;
    const verification = new DeployedRevision(this, 'Verification', arns.lifecycleFunction, {
      kind: 'verify',
      app: this.appId,
      taskDefinition: this.taskDefinition.taskDefinitionArn,
    });
    verification.node.addDependency(teardown);
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
