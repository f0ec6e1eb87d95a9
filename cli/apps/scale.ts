/** `sgpu app scale` */
import { Option, type Command } from 'commander';
import type { AppRecord } from '../../runtime/domain/app';
import { SCALE_FIELDS } from '../../runtime/domain/scale-overrides';
import { UserError } from '../../runtime/domain/user-error';
import { seconds, wholeNumber } from '../option-values';
import { onPlatform, platformCommand } from '../platform-command';
import { APP_COLUMNS, summaryOf } from './app-summary';
import { appRecord } from './app-record';

interface ScaleOptions extends Readonly<Record<string, unknown>> {
  readonly reset?: boolean;
  readonly machineTypes?: readonly string[];
  readonly regions?: readonly string[];
}

export function scaleCommand(): Command {
  return platformCommand('scale')
    .summary('change settings of the scaling')
    .description(
      'Changes settings of the scaling of an app while it runs. They win over what is deployed, also over what is ' +
        'deployed later, until they are reset.',
    )
    .argument('<app>', 'the name of the app')
    .option('--min-concurrency <number>', 'runners kept without traffic', wholeNumber)
    .option('--max-concurrency <number>', 'most runners at a time', wholeNumber)
    .option('--concurrency-buffer <number>', 'spare runners above what is needed', wholeNumber)
    .option('--concurrency-buffer-perc <percent>', 'the same, in percent of what is needed', wholeNumber)
    .option('--max-multiplexing <number>', 'requests that a runner works on at a time', wholeNumber)
    .option('--keep-alive <seconds>', 'how long an idle runner stays', seconds)
    .option('--scaling-delay <seconds>', 'how long a request waits before it starts a runner', seconds)
    .option('--request-timeout <seconds>', 'how long an attempt may take', seconds)
    .option('--startup-timeout <seconds>', 'how long a runner may take to become ready', seconds)
    .option('--reset', 'back to what is deployed, all but what is given here')
    .addOption(new Option('--machine-types <types...>', 'changed by deploying').hideHelp())
    .addOption(new Option('--regions <regions...>', 'a platform is in one region').hideHelp())
    .addHelpText(
      'after',
      '\nJSON: {"app": as of apps list}\n\nExamples:\n  sgpu app scale painter --max-concurrency 10 --keep-alive 300\n  sgpu app scale painter --reset',
    )
    .action(
      onPlatform<readonly [string], ScaleOptions>(async ({ client, output }, [name], options) => {
        refuseDeployed(name, options);
        const changes = changesOf(options);
        const before = await appRecord(client, name);
        if (Object.keys(changes).length === 0) output.note('No parameters for update were provided, ignoring.');
        const { app } = await client.ofApp<{ readonly app: AppRecord }>('PATCH', before.id, '/scale', changes);
        const summary = await summaryOf(client, app);
        output.result({ app: summary }, () => output.table(APP_COLUMNS, [summary]));
      }),
    );
}

/** Settings by fal's names; null resets one. */
function changesOf(options: ScaleOptions): Readonly<Record<string, number | null>> {
  const reset = SCALE_FIELDS.map((field) => [field, null] as const);
  const given = SCALE_FIELDS.map((field) => [field, options[camelCase(field)]] as const);
  const changed = given.filter((entry): entry is readonly [(typeof entry)[0], number] => typeof entry[1] === 'number');
  return Object.fromEntries([...(options.reset === true ? reset : []), ...changed]);
}

function refuseDeployed(app: string, { machineTypes, regions }: ScaleOptions): void {
  if (machineTypes !== undefined) {
    throw new UserError(
      `Another machine needs another image or pool: set machine_type in the code of ${app} and deploy`,
    );
  }
  if (regions !== undefined) throw new UserError('A platform is in one region: deploy another one to the other region');
}

function camelCase(field: string): string {
  return field.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
