/** `sgpu queue flush` */
import type { Command } from 'commander';
import { plural } from '../../runtime/domain/plural';
import { appRecord } from '../apps/app-record';
import { onPlatform, platformCommand } from '../platform-command';

interface FlushOptions {
  readonly callerUserId?: string;
}

export function flushCommand(): Command {
  return platformCommand('flush')
    .summary('cancel what waits')
    .description('Cancels all requests of an app that wait. What is in progress goes on.')
    .argument('<app>', 'the name of the app')
    .option('--caller-user-id <user>', 'only those of this user')
    .addHelpText('after', '\nJSON: {"cancelled"}\n\nExamples:\n  sgpu queue flush painter')
    .action(
      onPlatform<readonly [string], FlushOptions>(async ({ client, output }, [name], { callerUserId: user }) => {
        const { id } = await appRecord(client, name);
        const query = user === undefined ? '' : `?caller_user_id=${encodeURIComponent(user)}`;
        const flushed = await client.ofApp<{ readonly cancelled: number }>('DELETE', id, `/queue${query}`);
        output.result(flushed, () => `Queue flushed successfully: ${plural(flushed.cancelled, 'request')} cancelled.`);
      }),
    );
}
