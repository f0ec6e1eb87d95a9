/**
 * What the synthesised template and the running code must agree on: names of resources, keys of the table, variables of
 * the processes. Names are built from the platform's name, so that roles of one stack can be granted what another
 * stack makes, without a reference between the two.
 */
import { appTag } from './domain/tagged-id';

/** What the index `queue` shows of a request. */
export const QUEUE_STATE = {
  state: 'state',
  /** Values of `state`. */
  waiting: 'Q',
  inProgress: 'P',
  /** Ms since the epoch. */
  submittedAt: 'submitted',
  startDeadline: 'deadline',
} as const;

/** The one table. Every item has both keys; whatever ends by itself has `ttl` (seconds since the epoch). */
export const TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'ttl',
  indexes: {
    /** Requests that wait or are in progress, by app, in queue order. Sparse. */
    queue: {
      name: 'queue',
      partitionKey: 'queuePk',
      sortKey: 'queueSk',
      sortKeyType: 'S',
      attributes: [QUEUE_STATE.state, QUEUE_STATE.submittedAt, QUEUE_STATE.startDeadline],
    },
    /** Requests by the time when their webhook is due. Sparse. */
    due: { name: 'due', partitionKey: 'duePk', sortKey: 'dueSk', sortKeyType: 'N', attributes: [] },
    /** The platform's apps, and the apps that ever had a request. Sparse. */
    app: { name: 'app', partitionKey: 'appPk', sortKey: 'appSk', sortKeyType: 'S', attributes: [] },
  },
} as const;

/** First parts of partition keys. */
export const PARTITION = {
  /** `request#<period>-<tag>`: heads of an app's requests. `request#<id>`: large bodies and events of one request. */
  request: 'request#',
  /** `runner#<tag>`: the runners of an app. */
  runner: 'runner#',
  /** `app#<owner/alias>`: record, decisions, READY sets. */
  app: 'app#',
  /** Partitions of the index `queue`: `queue#<owner/alias>#…`. */
  queue: 'queue#',
  /** All API keys. */
  keys: 'keys',
} as const;

/** The partition keys a runner of an app may touch, as patterns for `dynamodb:LeadingKeys` with `StringLike`. */
export function runnerPartitions(app: string): readonly string[] {
  const tag = appTag(app);
  return [
    `${PARTITION.request}*${tag}`,
    `${PARTITION.runner}*${tag}`,
    `${PARTITION.app}${app}`,
    `${PARTITION.app}${app}#*`,
    `${PARTITION.queue}${app}#*`,
  ];
}

/** The keys of the bucket a runner of an app may touch, as patterns: bodies of its requests. */
export function runnerObjects(app: string): readonly string[] {
  return [`requests/*${appTag(app)}/*`];
}

/** Longest platform name: the name of an app's SQS queue has 80 characters. */
export const MAX_PLATFORM_NAME = 24;

/** Longest alias of an app on AWS. */
export const MAX_ALIAS = 48;

/** Names of the resources of a platform and its apps. `alias` is the app id without its owner. */
export class ResourceNames {
  /** `platform` has lower-case letters, digits and `-`. It is also the owner of the apps: `<platform>/<alias>`. */
  constructor(readonly platform: string) {}

  get table(): string {
    return this.prefixed();
  }

  /** Names of buckets are taken world-wide. */
  bucket(account: string, region: string): string {
    return this.prefixed(account, region);
  }

  get cluster(): string {
    return this.prefixed();
  }

  /** Ticks and pokes for the controller. */
  get controlQueue(): string {
    return this.prefixed('control');
  }

  /** Answers the on-delete custom resources of the platform and its apps. */
  get lifecycleFunction(): string {
    return this.prefixed('lifecycle');
  }

  /** Path of all roles of the platform and its apps: `iam:PassRole` is granted on it. */
  get rolePath(): string {
    return `/sgpu/${this.platform}/`;
  }

  /** Path of all parameters. */
  get parameterPath(): string {
    return `/sgpu/${this.platform}`;
  }

  /** What stacks of other CDK apps need to know of the platform: see `lib/private/platform-attributes.ts`. */
  get attributesParameter(): string {
    return `${this.parameterPath}/attributes`;
  }

  /** A `PlatformDeployment`. */
  get platformParameter(): string {
    return `${this.parameterPath}/platform`;
  }

  /** Path of what is deployed of apps. */
  get appsPath(): string {
    return `${this.parameterPath}/apps`;
  }

  /** An `AppDeployment`. */
  appParameter(alias: string): string {
    return `${this.appsPath}/${alias}`;
  }

  /** Path of what is deployed of pools. */
  get poolsPath(): string {
    return `${this.parameterPath}/pools`;
  }

  /** A `PoolDeployment`. */
  poolParameter(pool: string): string {
    return `${this.poolsPath}/${pool}`;
  }

  /** Secrets the platform keeps for itself are SecureString parameters, which cost nothing. */
  internalSecret(name: string): string {
    return `${this.parameterPath}/secrets/${name}`;
  }

  /** The API key that apps find in `FAL_KEY`. The controller makes it. */
  get appKey(): string {
    return this.internalSecret('app-key');
  }

  /** An API key for whoever was granted `grantInvoke`. The controller makes it. */
  get invokeKey(): string {
    return this.internalSecret('invoke-key');
  }

  /** An admin key for whoever was granted `grantAdminister`. The controller makes it. */
  get adminKey(): string {
    return this.internalSecret('admin-key');
  }

  /** Secrets of the user, in Secrets Manager. */
  secret(name: string): string {
    return `sgpu/${this.platform}/${name}`;
  }

  appQueue(alias: string): string {
    return this.prefixed(alias);
  }

  /** The CodeBuild project of an app whose images aren't built where it is deployed. */
  imageProject(alias: string): string {
    return this.prefixed(alias);
  }

  taskFamily(alias: string): string {
    return this.prefixed(alias);
  }

  /** Logs of gateway, controller and lifecycle. */
  get platformLogGroup(): string {
    return `/sgpu/${this.platform}/platform`;
  }

  appLogGroup(alias: string): string {
    return `/sgpu/${this.platform}/apps/${alias}`;
  }

  autoScalingGroup(pool: string): string {
    return this.prefixed(`pool-${pool}`);
  }

  private prefixed(...parts: readonly string[]): string {
    return ['sgpu', this.platform, ...parts].join('-');
  }
}

/** Tags on everything that is launched at run time, for policies and for the bill. */
export const TAG = { platform: 'sgpu:platform', app: 'sgpu:app', pool: 'sgpu:pool' } as const;

/** Environment variables of the Lambda functions and of the agent. */
export const VARIABLE = {
  platform: 'SGPU_PLATFORM',
  table: 'SGPU_TABLE',
  bucket: 'SGPU_BUCKET',
  cluster: 'SGPU_CLUSTER',
  controlQueueUrl: 'SGPU_CONTROL_QUEUE_URL',
  /** Set where a function is traced by X-Ray. */
  tracing: 'SGPU_TRACING',
  /** The agent's alone, set in the task definition. */
  app: 'SGPU_APP',
  appUrl: 'SGPU_APP_URL',
  queueUrl: 'SGPU_QUEUE_URL',
  /** The agent's alone, set by `RunTask`. */
  runner: 'SGPU_RUNNER',
  revision: 'SGPU_REVISION',
} as const;

/** Names of the containers in an app's task definition. */
export const CONTAINER = { app: 'app', agent: 'agent' } as const;

/**
 * The folder that app and agent share in a task. The app's log lines reach the agent through a socket in it; an app that
 * knows nothing of it logs to CloudWatch only.
 */
export const SHARED_FOLDER = '/run/sgpu';

/** The socket in it: the agent listens, the app connects. */
export const OUTPUT_SOCKET = `${SHARED_FOLDER}/output.sock`;

/**
 * Copies of weights on a machine's instance store, shared by the apps of its pool. Where the machine has none, nothing of
 * this is mounted. The app reads the variables (`runner-image/python/sgpu_runner/weight_cache.py`).
 */
export const WEIGHT_CACHE = {
  /** Made by the machine's first boot, writable for everybody: apps run as users of their own. */
  machineFolder: '/mnt/instance-store/weights',
  containerFolder: '/run/sgpu-weights',
  /** The folder in the container. */
  folderVariable: 'SGPU_WEIGHT_CACHE',
  /** JSON object: mount path → what the volume is called on every machine, such as `<file system>/<access point>`. */
  volumesVariable: 'SGPU_CACHED_VOLUMES',
} as const;

/** Prebuilt code in the package: folders under `assets/`, each with an `index.mjs` whose export is `handler`. */
export const HANDLER = {
  gateway: 'lambda/gateway',
  controller: 'lambda/controller',
  lifecycle: 'lambda/lifecycle',
} as const;

/** The gateway as a container; its image is built from a folder below `assets/`. */
export const GATEWAY_CONTAINER = {
  image: 'images/gateway',
  port: 8080,
  /** Where runners come for the callers of WebSockets. The load balancer doesn't lead to it. */
  relayPort: 8081,
  /** Answers 200 as long as the container takes requests. */
  healthPath: '/rest/health',
  /** The longest that Fargate leaves a container to end. */
  stopTimeoutSeconds: 120,
} as const;

/** In the log group of the app: what the builds of its images print. */
export const BUILD_LOG_STREAM = 'image';
