/** `sgpu deploy` */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { servedFalApp } from '../daemon/served-app';
import type { AppRecord } from '../runtime/domain/app';
import { SCALE_FIELDS } from '../runtime/domain/scale-overrides';
import { UserError } from '../runtime/domain/user-error';
import type { AdminClient } from './admin-client';
import { addAwsOptions, awsPlace, type AwsOptions, type AwsPlace } from './aws/aws-options';
import { confirmed } from './confirm';
import { closingLines } from './deploy/closing-lines';
import type { DeployedSettings, InMemoryApp } from './deploy/in-memory-app';
import { seconds, wholeNumber } from './option-values';
import { addOutputOptions, Output, type OutputOptions } from './output';
import { connect } from './platform-command';
import { whileWaiting } from './progress';

interface DeployOptions extends AwsOptions, OutputOptions, DeployedSettings {
  readonly appName?: string;
  readonly name?: string;
  readonly strategy: 'rolling' | 'recreate';
  readonly resetScale?: boolean;
  readonly check?: boolean;
  readonly yes?: boolean;
}

export function deployCommand(): Command {
  return addOutputOptions(addAwsOptions(new Command('deploy')))
    .summary('deploy an app to your AWS account')
    .description(
      'Deploys a fal app to a platform in your AWS account, with the platform itself when there is none of that name ' +
        'yet. Without a file it deploys the CDK project of this folder (cdk.json).',
    )
    .argument('[app]', 'FILE.py::ClassName, or FILE.py when it holds a single app')
    .option('--app-name <name>', 'the name of the app, the second part of its id')
    .addOption(new Option('--name <name>', 'the same').conflicts('appName'))
    .addOption(new Option('--auth <mode>', 'who may call').choices(['private', 'shared', 'public']))
    .option('--machine-type <type>', 'as in the app; wins over it')
    .option('--num-gpus <number>', 'as in the app; wins over it', wholeNumber)
    .option('--min-concurrency <number>', 'runners kept without traffic', wholeNumber)
    .option('--max-concurrency <number>', 'most runners at a time', wholeNumber)
    .option('--max-multiplexing <number>', 'requests that a runner works on at a time', wholeNumber)
    .option('--keep-alive <seconds>', 'how long an idle runner stays', seconds)
    .option('--scaling-delay <seconds>', 'how long a request waits before it starts a runner', seconds)
    .option('--request-timeout <seconds>', 'how long an attempt may take', seconds)
    .option('--startup-timeout <seconds>', 'how long a runner may take to become ready', seconds)
    .addOption(
      new Option('--strategy <strategy>', 'rolling: the old revision serves until the new one is ready')
        .choices(['rolling', 'recreate'])
        .default('rolling'),
    )
    .option('--reset-scale', 'forget what `sgpu app scale` changed')
    .addOption(new Option('--no-scale', 'keep it, as is the default').hideHelp())
    .option('--check', 'show what would change, and deploy nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
JSON: {"revision","app_name","app_id","status":"deployed","url","endpoints":[{"path","sync","async"}]}

Examples:
  sgpu deploy app.py::Painter
  sgpu deploy app.py --app-name painter --auth public --check
  sgpu deploy app.py --platform studio --aws-profile work --yes
  sgpu deploy                          the CDK project of this folder`,
    )
    .action(deploy);
}

async function deploy(reference: string | undefined, options: DeployOptions): Promise<void> {
  if (options.strategy === 'recreate') {
    throw new UserError('Deployments are rolling: for `recreate`, deploy and then `sgpu app rollout --force`');
  }
  if (reference !== undefined) return deployFile(reference, options);
  if (existsSync('cdk.json')) return deployProject(options);
  throw new UserError(
    'Deploy what? Name FILE.py::ClassName, or go to a folder with a cdk.json (`sgpu init` makes one)',
  );
}

async function deployProject(options: DeployOptions): Promise<void> {
  const { deployCdkProject } = await import('./deploy/cdk-project');
  const done = await deployCdkProject(awsPlace(options).access, {
    check: options.check === true,
    confirm: () => confirmed('Deploy these changes?', options.yes === true || !process.stdin.isTTY),
  });
  if (done !== undefined) new Output(options).result(done, () => '✓ Deployed successfully');
}

async function deployFile(reference: string, options: DeployOptions): Promise<void> {
  const place = awsPlace(options);
  const output = new Output(options);
  const { served, wanted } = await wantedApp(reference, options, place.platform);
  const { ownsPlatform } = await import('./aws/app-stack');
  const withPlatform = await whileWaiting('Looking at the account', ownsPlatform(place.platform, place.access));
  output.note(`Deploying '${wanted.name}' as app '${wanted.alias}'`);
  const { deployInMemory } = await import('./deploy/deploy-in-memory');
  const deployed = await deployInMemory({ ...wanted, withPlatform }, place.access, {
    check: options.check === true,
    confirm: () => confirmed('Deploy these changes?', options.yes === true || !process.stdin.isTTY),
  });
  if (!deployed) return;

  const client = await connect({ kind: 'aws', ...place }, options.verbose === true);
  const app = await currentApp(client, place, wanted.alias, options.resetScale);
  const { url } = client;
  const { id, revision, spec, scale } = app;
  const endpoints = served.endpoints.map((path) => {
    const called = `${id}${path === '/' ? '' : path}`;
    return { path, sync: `${url}/run/${called}`, async: `${url}/queue/${called}` };
  });
  output.result({ revision, app_name: wanted.alias, app_id: id, status: 'deployed', url, endpoints }, () =>
    closingLines(
      {
        ...{ url, app: id, className: wanted.name, revision, auth: spec.auth, endpoints: served.endpoints },
        overridden: Object.keys(scale?.overrides ?? {}),
        platform: place.platform,
      },
      output.colors,
    ),
  );
}

async function currentApp(client: AdminClient, place: AwsPlace, alias: string, reset = false): Promise<AppRecord> {
  const { appTakenOver } = await import('./deploy/taken-over');
  const app = await whileWaiting(`Waiting for ${alias}`, appTakenOver(client, { ...place, alias }));
  if (!reset) return app;
  const deployed = Object.fromEntries(SCALE_FIELDS.map((field) => [field, null]));
  return (await client.ofApp<{ readonly app: AppRecord }>('PATCH', app.id, '/scale', deployed)).app;
}

async function wantedApp(
  reference: string,
  options: DeployOptions,
  platform: AwsPlace['platform'],
): Promise<{
  readonly served: Awaited<ReturnType<typeof servedFalApp>>;
  readonly wanted: Omit<InMemoryApp, 'withPlatform'>;
}> {
  const name = options.appName ?? options.name;
  const served = await servedFalApp(reference, name === undefined ? {} : { name }, platform);
  const { source, record } = served;
  if (source.kind !== 'fal') throw new Error('A reference to a file is a fal app');
  const { machineType, numGpus, minConcurrency, maxConcurrency, maxMultiplexing } = options;
  const { keepAlive, scalingDelay, requestTimeout, startupTimeout, auth } = options;
  const settings = {
    ...{ machineType, numGpus, minConcurrency, maxConcurrency, maxMultiplexing },
    ...{ keepAlive, scalingDelay, requestTimeout, startupTimeout, auth },
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return {
    served,
    wanted: { platform, file: source.file, name: source.name, alias: record.spec.name, settings: given },
  };
}
