/** `sgpu runners list` */
import type { Command } from 'commander';
import { appRecords } from '../apps/app-record';
import { withRunnerFilters, type RunnerFilters } from '../apps/runners';
import { onPlatform, platformCommand } from '../platform-command';
import { inStates, runnersOf, RUNNERS_JSON, shownRunners } from './runner-summary';

export function listCommand(): Command {
  return withRunnerFilters(platformCommand('list', { stateOption: false }))
    .summary('the runners of all apps')
    .description('Lists the runners of all apps of the platform.')
    .addHelpText('after', `${RUNNERS_JSON}\n\nExamples:\n  sgpu runners list --state running --output json`)
    .action(
      onPlatform<readonly [], RunnerFilters>(async ({ client, output }, _none, { since, state = [] }) => {
        const apps = await appRecords(client);
        const all = (await Promise.all(apps.map((app) => runnersOf(client, app, since)))).flat();
        const runners = inStates(all, state);
        output.result({ runners }, () => shownRunners(output, runners));
      }),
    );
}
