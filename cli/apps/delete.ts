/** `sgpu delete` and `sgpu app delete` */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { confirmed } from '../confirm';
import { onPlatform, platformCommand, type Session } from '../platform-command';
import { whileWaiting } from '../progress';
import { appRecord } from './app-record';

interface Removal {
  readonly app: string;
  readonly revision: string;
  readonly status: 'closing' | 'deleted';
}

export function deleteCommand(): Command {
  return platformCommand('delete')
    .summary('remove an app')
    .description(
      'Removes an app: it takes no more requests, its runners finish what they work on and leave. On AWS its stack is ' +
        'deleted, which must be one made by `sgpu deploy`.',
    )
    .argument('<app>', 'the name of the app')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nJSON: {"app_id","revision","status":"deleted"}\n\nExamples:\n  sgpu delete painter\n  sgpu app delete painter --yes',
    )
    .action(
      onPlatform<readonly [string], { readonly yes?: boolean }>(async (session, [name], { yes }) => {
        const { client, output, target } = session;
        const { id, revision } = await appRecord(client, name);
        if (!(await confirmed(`Delete ${id} at ${client.url}?`, yes))) return;
        if (target.kind === 'aws') {
          const { deleteAppStack } = await import('../aws/app-stack');
          await whileWaiting(`Deleting the stack of ${id}`, deleteAppStack(target.platform, id, target.access));
        } else {
          await whileWaiting(`Waiting for the runners of ${id}`, removed(session, id));
        }
        output.result({ app_id: id, revision, status: 'deleted' }, () => `Application '${id}' deleted (${revision})`);
      }),
    );
}

const PAUSE_MS = 500;

async function removed({ client }: Session, app: string): Promise<void> {
  while ((await client.ofApp<Removal>('POST', app, '/removal')).status !== 'deleted') await sleep(PAUSE_MS);
}
