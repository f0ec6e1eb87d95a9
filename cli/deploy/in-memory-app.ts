/** The CDK app that `sgpu deploy` makes of a Python file: the platform, where there is none yet, and the app. */
import { App, Duration, Stack, Tags, Token } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { AppAuth, AppSource, ImageBuild, MachineType, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { ResourceNames } from '../../runtime/aws-layout';
import { UserError } from '../../runtime/domain/user-error';
import { LARGEST_PARAMETER, TOO_LONG, type DeploymentNotes } from '../aws/app-revision';
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
  readonly notes: DeploymentNotes;
  /** Where its image is built. */
  readonly imageBuild: 'docker' | 'codebuild';
}

/** Ids of the stacks in the CDK app. */
export const APP_STACK_ID = 'App';
export const PLATFORM_STACK_ID = 'Platform';

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
  const stack = new Stack(app, APP_STACK_ID, {
    stackName: appStackName(platform, alias),
    description: `App ${platform}/${alias}`,
  });
  Tags.of(stack).add(APP_STACK_TAG, `${platform}/${alias}`);
  new ServerlessGpuApp(stack, 'App', {
    ...propsOf(wanted.settings),
    name: alias,
    source: AppSource.falApp(wanted.file, wanted.name),
    imageBuild: wanted.imageBuild === 'codebuild' ? ImageBuild.codeBuild() : ImageBuild.docker(),
    platform: ServerlessGpuPlatform.fromPlatformName(stack, 'Platform', platform),
  });
  writeNotes(stack, new ResourceNames(platform).appParameter(alias), wanted.notes);
  if (withPlatform) stack.addStackDependency(platformStack(app, platform));
  return app;
}

/** The constructs have no props for what holds for one deployment alone, so it is put before what they write. */
function writeNotes(stack: Stack, name: string, notes: DeploymentNotes): void {
  if (Object.keys(notes).length === 0) return;
  const isDeployment = (one: unknown): one is CfnParameter => one instanceof CfnParameter && one.name === name;
  const parameter = stack.node.findAll().find(isDeployment);
  const parts = parameter && joinedParts(stack.resolve(parameter.value));
  if (parameter === undefined || parts === undefined) throw new Error(`${name} has no deployment to write to`);
  const [first, ...rest] = parts;
  const joined = [JSON.stringify(notes).replace(/}$/, ',') + String(first).slice(1), ...rest];
  const bytes = joined.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : LONGEST_ARN));
  if (bytes.reduce((sum, one) => sum + one, 0) > LARGEST_PARAMETER) throw new UserError(TOO_LONG);
  parameter.value = Token.asString({ 'Fn::Join': ['', joined] });
}

/** More than CloudFormation fills in. */
const LONGEST_ARN = 200;

function joinedParts(value: unknown): readonly unknown[] | undefined {
  return (value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] } | undefined)?.['Fn::Join']?.[1];
}

function platformStack(app: App, platform: string): Stack {
  const stack = new Stack(app, PLATFORM_STACK_ID, {
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
