/** `sgpu run`: serve apps on this machine until Ctrl-C. */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { servedCommand, servedFalApp, type ServedApp, type SpecOverrides } from '../daemon/served-app';
import { UserError } from '../runtime/domain/user-error';
import { banner } from './banner';
import { consoleReport } from './console-report';
import { ENVIRONMENTS, withInstead } from './instead';
import { portNumber, seconds, wholeNumber } from './option-values';
import { announce, DEFAULT_STATE } from './running-platform';

interface RunOptions {
  readonly port: number;
  readonly host: string;
  readonly https: boolean;
  readonly state: string;
  readonly auth?: 'public' | 'private';
  readonly exec?: string;
  readonly appPort?: number;
  readonly name?: string;
  readonly appName?: string;
  readonly machineType?: string;
  readonly numGpus?: number;
  readonly minConcurrency?: number;
  readonly maxConcurrency?: number;
  readonly keepAlive?: number;
  readonly maxMultiplexing?: number;
  readonly scalingDelay?: number;
  readonly requestTimeout?: number;
  readonly startupTimeout?: number;
}

export function runCommand(): Command {
  return withInstead(new Command('run'), INSTEAD)
    .description("Serve fal apps, or an HTTP server as it is, on this machine: fal's queue API, runners from zero to N")
    .argument('[apps...]', 'FILE.py::ClassName, or FILE.py when it holds a single app')
    .addOption(new Option('--local', 'as it is anyway').hideHelp())
    .option('--port <number>', 'where the platform listens; 0: any free port', portNumber, 8000)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--https', 'serve HTTPS with a certificate made on the spot (the Python client needs it)', false)
    .option('--state <folder>', 'where requests, files and keys are kept', DEFAULT_STATE)
    .addOption(
      new Option('--auth <mode>', 'who may call: public, or private (with a key)')
        .choices(['public', 'private'])
        .default(undefined, 'public on loopback, else private'),
    )
    .option('--exec <command>', 'serve the HTTP server that this command starts')
    .option('--app-port <number>', 'the port on which that server listens', portNumber)
    .option('--name <name>', 'the app name: the second part of its id')
    .addOption(new Option('--app-name <name>', 'the same').conflicts('name').hideHelp())
    .option('--machine-type <type>', 'as in the app; wins over it')
    .option('--num-gpus <number>', 'as in the app; wins over it', wholeNumber)
    .option('--min-concurrency <number>', 'runners kept without traffic', wholeNumber)
    .option('--max-concurrency <number>', 'most runners at a time', wholeNumber)
    .option('--keep-alive <seconds>', 'how long an idle runner stays', seconds)
    .option('--max-multiplexing <number>', 'requests that a runner works on at a time', wholeNumber)
    .option('--scaling-delay <seconds>', 'how long a request waits before it starts a runner', seconds)
    .option('--request-timeout <seconds>', 'how long an attempt may take', seconds)
    .option('--startup-timeout <seconds>', 'how long a runner may take to become ready', seconds)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

const INSTEAD = {
  ...ENVIRONMENTS,
  '--exposed-port <port>': 'apps are given their ports: choose that of the platform by --port',
  '--exposed-metrics-port <port>': 'no metrics are served here: `sgpu app explain` and `sgpu costs` tell what happens',
  '--no-cache':
    'Python environments are made again when requirements change; remove the folder that SGPU_CACHE names to make all anew',
  '--forward-compat': 'fal is installed beside the app in the version that it runs with: leave it out',
  '--limit-max-requests <number>':
    'runners stay until they are idle for --keep-alive: lower that, or `sgpu runners stop` one',
} as const;

const EXAMPLES = `
Examples:
  sgpu run app.py::MyApp
  sgpu run text.py::Writer images.py::Painter --port 9000
  sgpu run --exec 'uvicorn main:app --port 9001' --app-port 9001 --name my-server
  sgpu run app.py --host 0.0.0.0 --https        reachable by others, with a key
`;

async function run(references: readonly string[], options: RunOptions): Promise<void> {
  const apps = await servedApps(references, options);
  const stateFolder = resolve(options.state);
  const { startPlatform } = await import('../daemon/platform');
  const platform = await startPlatform({
    apps,
    owner: OWNER,
    host: options.host,
    port: options.port,
    https: options.https,
    requireKey: options.auth === undefined ? !loopback(options.host) : options.auth === 'private',
    stateFolder,
    cacheFolder: process.env.SGPU_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sgpu'),
    pythonFolder: join(packageFolder(), 'runner-image', 'python'),
    playgroundPage: join(packageFolder(), 'assets', 'playground', 'playground.html'),
    report: consoleReport(process.stdout),
  });
  const withdraw = announce(stateFolder, platform.url);
  console.log(banner(platform, apps));
  await interrupted();
  withdraw();
  console.log('\nStopping: runners finish what they work on (Ctrl-C again to force)');
  process.once('SIGINT', () => process.exit(130));
  await platform.close();
}

/** One machine has one user. */
const OWNER = 'local';

async function servedApps(references: readonly string[], options: RunOptions): Promise<readonly ServedApp[]> {
  const overrides = overridesOf(options);
  const { exec: command, appPort: port, appName, name = appName } = options;
  if (command === undefined) {
    if (references.length === 0) throw new UserError("Nothing to serve: name FILE.py::ClassName, or --exec 'COMMAND'");
    if (port !== undefined) throw new UserError('--app-port belongs to --exec: a fal app is given its port');
    if (name !== undefined && references.length > 1) {
      throw new UserError('--name can name only one app: give each class its own (class MyApp(fal.App, name="…"))');
    }
    const named = name === undefined ? overrides : { ...overrides, name };
    return Promise.all(references.map((reference) => servedFalApp(reference, named, OWNER)));
  }
  if (port === undefined) throw new UserError('--exec needs --app-port: the port on which the server listens');
  if (name === undefined) throw new UserError("--exec needs --name: the server's app id becomes local/NAME");
  if (port === options.port) {
    throw new UserError(`The server and the platform can't both listen on ${port}: choose another --port`);
  }
  const others = await Promise.all(references.map((reference) => servedFalApp(reference, {}, OWNER)));
  return [servedCommand({ command, port, name }, overrides, OWNER), ...others];
}

/** The options that stand for a field of the app's settings, by the field's name. */
function overridesOf(options: RunOptions): SpecOverrides {
  const given: Readonly<Record<string, unknown>> = {
    machine_type: options.machineType,
    num_gpus: options.numGpus,
    min_concurrency: options.minConcurrency,
    max_concurrency: options.maxConcurrency,
    keep_alive: options.keepAlive,
    max_multiplexing: options.maxMultiplexing,
    scaling_delay: options.scalingDelay,
    request_timeout: options.requestTimeout,
    startup_timeout: options.startupTimeout,
    auth: options.auth,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function loopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The folder of the package: the bundle lies two folders below it. */
function packageFolder(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..');
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => {
      resolve();
    });
    process.once('SIGTERM', () => {
      resolve();
    });
  });
}
