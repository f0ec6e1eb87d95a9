/** `sgpu app runners` */
import { Option, type Command } from 'commander';
import { since } from '../moments';
import { onPlatform, platformCommand } from '../platform-command';
import { inStates, runnersOf, RUNNERS_JSON, shownRunners, STATES } from '../runners/runner-summary';
import { appRecord } from './app-record';

export interface RunnerFilters {
  readonly since?: number;
  readonly state?: readonly string[];
}

export function runnersCommand(): Command {
  return withRunnerFilters(platformCommand('runners', { stateOption: false }))
    .summary('the runners of an app')
    .description(
      'Shows the runners of an app: what each does, what a starting one waits for, when an idle one retires.',
    )
    .argument('<app>', 'the name of the app')
    .addHelpText(
      'after',
      `${RUNNERS_JSON}\n\nExamples:\n  sgpu app runners painter\n  sgpu app runners painter --since 2h`,
    )
    .action(
      onPlatform<readonly [string], RunnerFilters>(async ({ client, output }, [name], { since: ended, state = [] }) => {
        const app = await appRecord(client, name);
        const runners = inStates(await runnersOf(client, app, ended), state);
        output.result({ runners }, () => shownRunners(output, runners));
      }),
    );
}

export function withRunnerFilters(command: Command): Command {
  return command
    .option('--since <time>', 'also runners that ended since: 30m, 2h, 1d or a moment', since)
    .addOption(new Option('--state <states...>', 'only runners in these states').choices(STATES));
}
