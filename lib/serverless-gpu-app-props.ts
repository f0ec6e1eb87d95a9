import type { Duration } from 'aws-cdk-lib';
import type { Secret } from 'aws-cdk-lib/aws-ecs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { AppSource } from './app-source';
import type { Capacity } from './capacity';
import type { ImageBuild } from './image-build';
import type { MachineType } from './machine-type';
import type { IServerlessGpuPlatform } from './platform-interface';
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

/** How runners are started and ended between `minConcurrency` and `maxConcurrency`. */
export enum ScalingPolicy {
  /** By fal's documented rules alone. */
  FAL = 'fal',
  /**
   * Learns from the calls of the app: requests wait for a busy runner where that is cheaper than a start, idle runners
   * leave before `keepAlive` where staying is a waste, runners start ahead of calls that come at regular times.
   */
  ADAPTIVE = 'adaptive',
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
   * How runners are started and ended. fal knows no such setting: `ScalingPolicy.ADAPTIVE` is for who wants to leave its
   * rules. `minConcurrency`, `maxConcurrency` and the buffers hold with both.
   *
   * @default - as the source says (`scaling_policy`), else `ScalingPolicy.FAL`
   */
  readonly scalingPolicy?: ScalingPolicy;

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
  readonly secrets?: { [name: string]: Secret };

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
  readonly deadLetterQueue?: IQueue;

  /**
   * How long logs of runners are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}
