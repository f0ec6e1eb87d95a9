/** `sgpu secrets list` */
import type { Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';
import { secretPlace } from './secret-place';

export function listCommand(): Command {
  return platformCommand('list')
    .summary('names of the secrets')
    .description('Lists the names of the secrets. Values are never shown.')
    .addHelpText('after', '\nJSON: {"secrets":[{"name"}]}\n\nExamples:\n  sgpu secrets list')
    .action(
      onPlatform(async (session) => {
        const names = await (await secretPlace(session)).names();
        session.output.result({ secrets: names.map((name) => ({ name })) }, () =>
          names.length === 0 ? 'There are no secrets: `sgpu secrets set NAME=VALUE` sets one.' : names.join('\n'),
        );
      }),
    );
}
