/** `sgpu app set-rev` */
import type { Command } from 'commander';
import type { AppRecord } from '../../runtime/domain/app';
import { withInstead } from '../instead';
import { onPlatform, platformCommand } from '../platform-command';
import { appRecord } from './app-record';
import { APP_COLUMNS, summaryOf } from './app-summary';

export function setRevisionCommand(): Command {
  return withInstead(platformCommand('set-rev'), {
    '--auth <mode>': 'who may call belongs to the revision: deploy with --auth',
    '--strategy <strategy>':
      'an earlier revision takes over as a rolling deployment does: to end all runners at once, `sgpu app rollout --force`',
  })
    .summary('go back to an earlier revision')
    .description(
      'Makes an earlier revision the current one until another is deployed. A platform on this machine keeps none: there ' +
        'the files are what runs.',
    )
    .argument('<app>', 'the name of the app')
    .argument('[revision]', 'as `sgpu app list-rev` shows it (default: the latest good one)')
    .addHelpText('after', '\nJSON: {"app": as of apps list}\n\nExamples:\n  sgpu app set-rev painter 41')
    .action(
      onPlatform<readonly [string, string | undefined]>(async ({ client, output }, [name, revision]) => {
        const { id } = await appRecord(client, name);
        const { app } = await client.ofApp<{ readonly app: AppRecord }>('PUT', id, '/revision', { revision });
        const summary = await summaryOf(client, app);
        output.result({ app: summary }, () => output.table(APP_COLUMNS, [summary]));
      }),
    );
}
