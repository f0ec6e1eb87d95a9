/** `sgpu deploy` */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { AppRecord } from '../runtime/domain/app';
import { SCALE_FIELDS } from '../runtime/domain/scale-overrides';
import { UserError } from '../runtime/domain/user-error';
import type { AdminClient } from './admin-client';
import { addAwsOptions, awsPlace, type AwsOptions, type AwsPlace } from './aws/aws-options';
import { confirmed } from './confirm';
import { closingLines } from './deploy/closing-lines';
import { wantedApp, type WantedOptions } from './deploy/wanted-app';
import { ENVIRONMENTS, withInstead } from './instead';
import { seconds, wholeNumber } from './option-values';
import { addOutputOptions, Output, type OutputOptions } from './output';
import { connect } from './platform-command';
import { whileWaiting } from './progress';

interface DeployOptions extends AwsOptions, OutputOptions, WantedOptions {
  readonly full?: boolean;
  readonly detach?: boolean;
  readonly resetScale?: boolean;
  readonly check?: boolean;
  readonly yes?: boolean;
}

export function deployCommand(): Command {
  return withInstead(addOutputOptions(addAwsOptions(new Command('deploy'))), INSTEAD)
    .summary('deploy an app to your AWS account')
    .description(
      'Deploys a fal app to a platform in your AWS account, with the platform itself when there is none of that name ' +
        'yet. Where nothing but the code changed, it gets a new image and a new revision beside CloudFormation, which takes ' +
        'a fraction of the time; the next change of a setting brings CloudFormation up to date. Without a file it deploys ' +
        'the CDK project of this folder (cdk.json).',
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
      new Option(
        '--strategy <strategy>',
        'rolling: the old revision serves until the new one is ready; recreate: its runners end first (default: rolling)',
      ).choices(['rolling', 'recreate']),
    )
    .option('--message <text>', 'to write down with the revision, up to 2,048 characters')
    .option('--annotation <key=value...>', 'the same in pairs, up to 32')
    .addOption(
      new Option('--image-build <where>', 'codebuild: in AWS, where there is no Docker here (default: docker)').choices(
        ['docker', 'codebuild'],
      ),
    )
    .option('--full', 'leave all to CloudFormation, also where the code alone changed')
    .option('--detach', 'do not wait until the platform has taken it over')
    .addOption(new Option('--attach', 'wait for it, as is the default').conflicts('detach').hideHelp())
    .option('--reset-scale', 'forget what `sgpu app scale` changed')
    .addOption(new Option('--no-scale', 'keep it, as is the default').hideHelp())
    .option('--check', 'show what would change, and deploy nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
JSON: {"revision","app_name","app_id","status":"deployed","url","endpoints":[{"path","sync","async"}]}
      With --detach: {"revision","app_name","app_id","status":"rolling_out"}

Examples:
  sgpu deploy app.py::Painter
  sgpu deploy app.py --app-name painter --auth public --check
  sgpu deploy app.py --platform studio --aws-profile work --yes
  sgpu deploy                          the CDK project of this folder`,
    )
    .action(deploy);
}

const INSTEAD = {
  ...ENVIRONMENTS,
  '--no-cache':
    'an image is built again when its requirements or files change: change them, or run `docker builder prune`',
  '--force-env-build': 'an image is built again when its requirements or files change: change them',
} as const;

async function deploy(this: Command, reference: string | undefined, options: DeployOptions): Promise<void> {
  if (reference !== undefined) return deployFile(reference, options);
  if (existsSync('cdk.json')) {
    refuseOfFiles(this);
    return deployProject(options);
  }
  throw new UserError(
    'Deploy what? Name FILE.py::ClassName, or go to a folder with a cdk.json (`sgpu init` makes one)',
  );
}

/** Options that hold for a CDK project, too: what else is said of an app stands in its code. */
const OF_PROJECTS = [
  'platform',
  'profile',
  'awsProfile',
  'region',
  'output',
  'json',
  'verbose',
  'check',
  'yes',
  'full',
];

function refuseOfFiles(command: Command): void {
  const ofFile = command.options.find((option) => {
    const name = option.attributeName();
    return !OF_PROJECTS.includes(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (ofFile === undefined) return;
  throw new UserError(
    `${ofFile.long ?? ofFile.flags} is for \`sgpu deploy FILE.py\`: in a CDK project set it in the code of the project, or name the file`,
  );
}

async function deployProject(options: DeployOptions): Promise<void> {
  const { deployCdkProject } = await import('./deploy/cdk-project');
  const done = await deployCdkProject(awsPlace(options).access, {
    check: options.check === true,
    confirm: confirmDeployment(options),
  });
  if (done !== undefined) new Output(options).result(done, () => '✓ Deployed successfully');
}

async function deployFile(reference: string, options: DeployOptions): Promise<void> {
  const place = awsPlace(options);
  const output = new Output(options);
  const { inMemory: wanted, endpoints: paths } = await wantedApp(reference, options, place.platform);
  const { ownsPlatform } = await import('./aws/app-stack');
  const withPlatform = await whileWaiting('Looking at the account', ownsPlatform(place.platform, place.access));
  output.note(`Deploying '${wanted.name}' as app '${wanted.alias}'`);
  const { deployInMemory } = await import('./deploy/deploy-in-memory');
  const deployed = await deployInMemory({ ...wanted, withPlatform }, place.access, {
    check: options.check === true,
    full: options.full === true,
    confirm: confirmDeployment(options),
    note: (text) => {
      output.note(text);
    },
  });
  if (!deployed) return;
  if (options.detach === true) return showDetached(output, place, wanted.alias);

  const client = await connect({ kind: 'aws', ...place }, options.verbose === true);
  const app = await currentApp(client, place, wanted.alias, options.resetScale);
  const { url } = client;
  const { id, revision, spec, scale } = app;
  const endpoints = paths.map((path) => {
    const called = `${id}${path === '/' ? '' : path}`;
    return { path, sync: `${url}/run/${called}`, async: `${url}/queue/${called}` };
  });
  output.result({ revision, app_name: wanted.alias, app_id: id, status: 'deployed', url, endpoints }, () =>
    closingLines(
      {
        ...{ url, app: id, className: wanted.name, revision, auth: spec.auth, endpoints: paths },
        overridden: Object.keys(scale?.overrides ?? {}),
        platform: place.platform,
      },
      output.colors,
    ),
  );
}

function confirmDeployment({ yes }: DeployOptions): () => Promise<boolean> {
  return () => confirmed('Deploy these changes?', yes === true || !process.stdin.isTTY);
}

async function showDetached(output: Output, place: AwsPlace, alias: string): Promise<void> {
  const { deployedRevision } = await import('./deploy/taken-over');
  const revision = await deployedRevision({ ...place, alias });
  const app_id = `${place.platform}/${alias}`;
  output.result(
    { revision, app_name: alias, app_id, status: 'rolling_out' },
    () =>
      `Revision ${revision} of ${app_id} is rolling out: \`sgpu app list-rev ${alias} --platform ${place.platform}\``,
  );
}

async function currentApp(client: AdminClient, place: AwsPlace, alias: string, reset = false): Promise<AppRecord> {
  const { appTakenOver } = await import('./deploy/taken-over');
  const app = await whileWaiting(`Waiting for ${alias}`, appTakenOver(client, { ...place, alias }));
  if (!reset) return app;
  const deployed = Object.fromEntries(SCALE_FIELDS.map((field) => [field, null]));
  return (await client.ofApp<{ readonly app: AppRecord }>('PATCH', app.id, '/scale', deployed)).app;
}
