/** `sgpu queue size` */
import type { Command } from 'commander';
import type { Backlog } from '../../runtime/ports';
import { appRecord } from '../apps/app-record';
import { onPlatform, platformCommand } from '../platform-command';

type Size = Backlog & { readonly byUser?: Readonly<Record<string, number>> };

export function sizeCommand(): Command {
  return platformCommand('size')
    .summary('how many requests wait')
    .description('Counts the requests of an app that wait for a runner.')
    .argument('<app>', 'the name of the app')
    .option('--by-user', 'for each user, too')
    .addHelpText(
      'after',
      '\nJSON: {"size","in_progress"}, with --by-user {"by_user":{user:size}} too\n\nExamples:\n  sgpu queue size painter',
    )
    .action(
      onPlatform<readonly [string], { readonly byUser?: boolean }>(async ({ client, output }, [name], { byUser }) => {
        const { id } = await appRecord(client, name);
        const query = byUser === true ? '?by_user=true' : '';
        const { waiting, inProgress, byUser: users } = await client.ofApp<Size>('GET', id, `/queue${query}`);
        const size = { size: waiting, in_progress: inProgress, ...(users === undefined ? {} : { by_user: users }) };
        output.result(size, () =>
          [`Total queue size: ${waiting}`, ...Object.entries(users ?? {}).map(line)].join('\n'),
        );
      }),
    );
}

function line([user, size]: readonly [string, number]): string {
  return `  ${user === '' ? '(no key)' : user}: ${size}`;
}
