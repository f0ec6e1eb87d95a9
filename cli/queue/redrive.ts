/** `sgpu queue redrive` */
import type { Command } from 'commander';
import { plural } from '../../runtime/domain/plural';
import type { RequestHead } from '../../runtime/domain/request';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import { appRecord } from '../apps/app-record';
import { onPlatform, platformCommand } from '../platform-command';

interface RedriveOptions {
  readonly all?: string;
}

export function redriveCommand(): Command {
  return platformCommand('redrive')
    .summary('try dead letters again')
    .description('Puts requests whose attempts are used up back into the queue, with new attempts.')
    .argument('[requests...]', 'ids, as `sgpu queue dead-letters` shows them')
    .option('--all <app>', 'all dead letters of this app')
    .addHelpText('after', '\nJSON: {"redriven":[ids]}\n\nExamples:\n  sgpu queue redrive --all painter')
    .action(
      onPlatform<readonly [readonly string[]], RedriveOptions>(async ({ client, output }, [named], { all }) => {
        const ids = all === undefined ? named : await deadLetters(client, all);
        if (all === undefined && ids.length === 0) throw new UserError('Redrive what? Name requests, or --all APP');
        for (const id of ids) await client.call('POST', `/requests/${encodeURIComponent(id)}/redrive`);
        output.result({ redriven: ids }, () => `${plural(ids.length, 'request')} back in the queue.`);
      }),
    );
}

async function deadLetters(client: AdminClient, app: string): Promise<readonly string[]> {
  const { id } = await appRecord(client, app);
  const { requests } = await client.ofApp<{ readonly requests: readonly RequestHead[] }>(
    'GET',
    id,
    '/dead-letters?limit=1000',
  );
  return requests.map((request) => request.id);
}
