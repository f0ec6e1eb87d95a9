/** `sgpu keys list` */
import type { Command } from 'commander';
import type { ApiKey } from '../../runtime/ports';
import { moment } from '../moments';
import { onPlatform, platformCommand } from '../platform-command';
import type { Column } from '../table';

type ListedKey = Omit<ApiKey, 'secretHash'>;

const COLUMNS: readonly Column<ListedKey>[] = [
  { title: 'Key ID', value: ({ id }) => id },
  { title: 'User', value: ({ user }) => user },
  { title: 'Scope', value: ({ scope }) => scope },
  { title: 'Description', value: ({ description }) => description, spare: 1 },
  { title: 'Created At', value: ({ createdAt }) => moment(createdAt), spare: 2 },
];

export function listCommand(): Command {
  return platformCommand('list')
    .summary('the keys that there are')
    .description('Lists the API keys of the platform, without their secrets.')
    .addHelpText(
      'after',
      '\nJSON: {"keys":[{"id","user","scope","description","createdAt"}]}\n\nExamples:\n  sgpu keys list',
    )
    .action(
      onPlatform(async ({ client, output }) => {
        const { keys } = await client.call<{ readonly keys: readonly ListedKey[] }>('GET', '/keys');
        output.result({ keys }, () => (keys.length === 0 ? 'There are no keys.' : output.table(COLUMNS, keys)));
      }),
    );
}
