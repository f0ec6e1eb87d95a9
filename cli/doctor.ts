/** `sgpu doctor` */
import { Command } from 'commander';
import { servedFalApp } from '../daemon/served-app';
import { unknownMachineType, isMachineType } from '../runtime/domain/machine-catalog';
import { plural } from '../runtime/domain/plural';
import { UserError } from '../runtime/domain/user-error';
import { addAwsOptions, awsPlace, type AwsOptions, type AwsPlace } from './aws/aws-options';
import { ok, problem, skipped, type Finding } from './doctor/finding';
import type { WantedMachines } from './doctor/machines';
import { checkClientSettings, checkContainerEngine } from './doctor/this-machine';
import { wholeNumber } from './option-values';
import { addOutputOptions, Output, type Colors, type OutputOptions } from './output';
import { connect } from './platform-command';
import { whileWaiting } from './progress';

interface DoctorOptions extends AwsOptions, OutputOptions {
  readonly machineType?: readonly string[];
  readonly numGpus?: number;
}

export function doctorCommand(): Command {
  return addOutputOptions(addAwsOptions(new Command('doctor')))
    .summary('find what a deployment would fail on')
    .description(
      'Looks for what breaks first deployments, and says how to mend each: AWS credentials and region, the bootstrap ' +
        'stack, Docker, quotas and zones of the machines, the platform, the app and the settings of clients. Ends with ' +
        'exit code 1 when there is a problem. It changes nothing.',
    )
    .argument('[app]', 'FILE.py::ClassName: its settings and its machines are looked at, too')
    .option('--machine-type <types...>', 'machines to look at (default: those of the app, else GPU-A10G)')
    .option('--num-gpus <number>', 'GPUs of one runner', wholeNumber)
    .addHelpText(
      'after',
      `
JSON: {"findings":[{"check","status":"ok"|"warning"|"problem"|"skipped","text","mend"}]}

Examples:
  sgpu doctor
  sgpu doctor app.py::Painter --region eu-central-1`,
    )
    .action(doctor);
}

async function doctor(reference: string | undefined, options: DoctorOptions): Promise<void> {
  const output = new Output(options);
  const findings = await whileWaiting('Looking around', allFindings(reference, options));
  output.result({ findings }, () => findings.map((finding) => inWords(finding, output.colors)).join('\n'));
  const problems = findings.filter(({ status }) => status === 'problem').length;
  if (problems > 0) throw new UserError(`${plural(problems, 'problem')} to mend before a deployment works`);
}

async function allFindings(reference: string | undefined, options: DoctorOptions): Promise<readonly Finding[]> {
  const place = awsPlace(options);
  const app = await checkApp(reference, options);
  const { checkAccount } = await import('./doctor/account');
  const [engine, account] = await Promise.all([checkContainerEngine(), checkAccount(place.access)]);
  return [
    ...app.findings,
    ...checkClientSettings(),
    engine,
    ...account.findings,
    ...(account.region === undefined ? SKIPPED : await inAccount(app.machines, place, options)),
  ];
}

const SKIPPED = [
  skipped('machines', 'looked at when there are credentials and a region'),
  skipped('platform', 'looked at when there are credentials and a region'),
];

async function inAccount(
  machines: WantedMachines,
  place: AwsPlace,
  { verbose }: DoctorOptions,
): Promise<readonly Finding[]> {
  const { checkMachines } = await import('./doctor/machines');
  return [...(await checkMachines(machines, place.access)), await checkPlatform(place, verbose === true)];
}

/** That there is no platform yet is no problem: `sgpu deploy` makes it. */
async function checkPlatform(place: AwsPlace, verbose: boolean): Promise<Finding> {
  try {
    const client = await connect({ kind: 'aws', ...place }, verbose);
    const { user_id, scope } = await client.caller();
    return ok('platform', `${place.platform} answers at ${client.url}, as ${user_id} (${scope})`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.message.startsWith('There is no platform')) {
      return ok('platform', `'${place.platform}' is not there yet: \`sgpu deploy\` makes it with the first app`);
    }
    return problem('platform', error.message, 'look at its log group in CloudWatch: /sgpu/PLATFORM/platform');
  }
}

async function checkApp(
  reference: string | undefined,
  options: DoctorOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly machines: WantedMachines }> {
  const named = options.machineType;
  const unknown = named?.find((name) => !isMachineType(name));
  if (unknown !== undefined) throw new UserError(unknownMachineType(unknown));
  const machines = { machineTypes: named ?? ['GPU-A10G'], numGpus: options.numGpus ?? 1 };
  if (reference === undefined) return { findings: [], machines };
  try {
    const { record } = await servedFalApp(reference, {}, 'owner');
    const { machine_type, num_gpus } = record.spec;
    const numGpus = options.numGpus ?? num_gpus ?? 1;
    const text = `${reference} is app '${record.spec.name}' on ${machine_type.join(', ')}`;
    return { findings: [ok('app', text)], machines: { machineTypes: named ?? machine_type, numGpus } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { findings: [problem('app', error.message, 'mend the file')], machines };
  }
}

function inWords({ check, status, text, mend }: Finding, colors: Colors): string {
  const mark = { ok: colors.green('✓'), warning: colors.yellow('!'), problem: colors.red('✗'), skipped: '-' }[status];
  return `${mark} ${colors.bold(check)}: ${text}${mend === undefined ? '' : `\n    → ${mend}`}`;
}
