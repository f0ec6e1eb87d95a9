/** `sgpu secrets unset`, which other documents of fal call `delete` */
import type { Command } from 'commander';
import { didYouMean } from '../../runtime/domain/nearest';
import { UserError } from '../../runtime/domain/user-error';
import { onPlatform, platformCommand } from '../platform-command';
import { checkedName, secretPlace } from './secret-place';

export function unsetCommand(): Command {
  return platformCommand('unset')
    .alias('delete')
    .summary('remove secrets')
    .description('Removes secrets. Runners that are there keep them until they leave.')
    .argument('<names...>', 'names, as `sgpu secrets list` shows them')
    .addHelpText('after', '\nJSON: {"secrets":[{"name"}]}\n\nExamples:\n  sgpu secrets unset HF_TOKEN')
    .action(
      onPlatform<readonly [readonly string[]]>(async (session, [names]) => {
        const place = await secretPlace(session);
        for (const name of names.map(checkedName)) {
          if (await place.remove(name)) continue;
          throw new UserError(`There is no secret ${name}${didYouMean(name, await place.names())}`);
        }
        session.output.result({ secrets: names.map((name) => ({ name })) }, () => `Removed ${names.join(', ')}.`);
      }),
    );
}
