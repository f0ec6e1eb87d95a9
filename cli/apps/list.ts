/** `sgpu apps list` */
import type { Command } from 'commander';
import { withInstead } from '../instead';
import { onPlatform, platformCommand } from '../platform-command';
import { APP_COLUMNS, summaries } from './app-summary';

interface ListOptions {
  readonly filter?: string;
  readonly sortByRunners?: boolean;
}

export function listCommand(): Command {
  return withInstead(platformCommand('list'), {
    '--regions <regions...>': 'a platform is in one region: name another one by --platform and --region',
  })
    .summary('apps, their settings and runners')
    .description('Lists the apps of the platform with their settings and how many runners each has.')
    .option('--filter <text>', 'only apps with this in their name')
    .option('--sort-by-runners', 'most runners first')
    .addHelpText(
      'after',
      `
JSON: {"apps":[{"app_id","alias","revision","auth_mode","min_concurrency","max_concurrency","keep_alive",…,
       "machine_types":[],"active_runners"}]}

Examples:
  sgpu apps list
  sgpu list --platform studio --output json`,
    )
    .action(
      onPlatform<readonly [], ListOptions>(async ({ client, output }, _none, { filter = '', sortByRunners }) => {
        const apps = (await summaries(client)).filter(({ alias }) => alias.includes(filter));
        const sorted = sortByRunners === true ? apps.toSorted((a, b) => b.active_runners - a.active_runners) : apps;
        output.result({ apps: sorted }, () => (sorted.length === 0 ? NO_APPS : output.table(APP_COLUMNS, sorted)));
      }),
    );
}

const NO_APPS = 'There are no apps. `sgpu deploy FILE.py` deploys one to AWS, `sgpu run FILE.py` serves one here.';
