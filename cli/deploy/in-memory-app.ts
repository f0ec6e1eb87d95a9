/** The CDK app that `sgpu deploy` makes of a Python file: the platform, where there is none yet, and the app. */
import { App, Duration, Stack, Tags } from 'aws-cdk-lib';
import { AppAuth, AppSource, MachineType, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { APP_STACK_TAG, appStackName, PLATFORM_STACK_TAG, platformStackName } from '../aws/app-stack';

export interface DeployedSettings {
  readonly machineType?: string;
  readonly numGpus?: number;
  readonly minConcurrency?: number;
  readonly maxConcurrency?: number;
  readonly maxMultiplexing?: number;
  /** Seconds, as all times here. */
  readonly keepAlive?: number;
  readonly scalingDelay?: number;
  readonly requestTimeout?: number;
  readonly startupTimeout?: number;
  readonly auth?: 'private' | 'shared' | 'public';
}

export interface InMemoryApp {
  readonly platform: string;
  /** Whether the stack of the platform belongs to `sgpu deploy`; else it is there already and stays as it is. */
  readonly withPlatform: boolean;
  /** Absolute path of the Python file, and the class or function in it. */
  readonly file: string;
  readonly name: string;
  /** The second part of the app's id. */
  readonly alias: string;
  readonly settings: DeployedSettings;
}

/** Must be synthesised by whoever called. A UserError-like message of the constructs says what is wrong with a setting. */
export function inMemoryApp(
  wanted: InMemoryApp,
  outdir: string | undefined,
  context: Readonly<Record<string, unknown>>,
): App {
  const { platform, withPlatform, alias } = wanted;
  const app = new App({
    analyticsReporting: false,
    context: { ...context },
    ...(outdir === undefined ? {} : { outdir }),
  });
  const stack = new Stack(app, 'App', {
    stackName: appStackName(platform, alias),
    description: `App ${platform}/${alias}`,
  });
  Tags.of(stack).add(APP_STACK_TAG, `${platform}/${alias}`);
  new ServerlessGpuApp(stack, 'App', {
    ...propsOf(wanted.settings),
    name: alias,
    source: AppSource.falApp(wanted.file, wanted.name),
    platform: ServerlessGpuPlatform.fromPlatformName(stack, 'Platform', platform),
  });
  if (withPlatform) stack.addStackDependency(platformStack(app, platform));
  return app;
}

function platformStack(app: App, platform: string): Stack {
  const stack = new Stack(app, 'Platform', {
    stackName: platformStackName(platform),
    description: `What the apps of ${platform} share`,
  });
  Tags.of(stack).add(PLATFORM_STACK_TAG, platform);
  new ServerlessGpuPlatform(stack, 'Platform', { platformName: platform });
  return stack;
}

function propsOf({
  machineType,
  auth,
  ...settings
}: DeployedSettings): Partial<ConstructorParameters<typeof ServerlessGpuApp>[2]> {
  const { keepAlive, scalingDelay, requestTimeout, startupTimeout, ...numbers } = settings;
  return {
    ...numbers,
    ...(machineType === undefined ? {} : { machineType: MachineType.of(machineType) }),
    ...(auth === undefined ? {} : { auth: AUTH[auth] }),
    ...(keepAlive === undefined ? {} : { keepAlive: Duration.seconds(keepAlive) }),
    ...(scalingDelay === undefined ? {} : { scalingDelay: Duration.seconds(scalingDelay) }),
    ...(requestTimeout === undefined ? {} : { requestTimeout: Duration.seconds(requestTimeout) }),
    ...(startupTimeout === undefined ? {} : { startupTimeout: Duration.seconds(startupTimeout) }),
  };
}

const AUTH = { private: AppAuth.PRIVATE, shared: AppAuth.SHARED, public: AppAuth.PUBLIC } as const;
