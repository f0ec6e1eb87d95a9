/** `sgpu app delete-rev` */
import type { Command } from 'commander';
import type { Revision } from '../../runtime/domain/app';
import { UserError } from '../../runtime/domain/user-error';
import type { AdminClient } from '../admin-client';
import { confirmed } from '../confirm';
import { onPlatform, platformCommand } from '../platform-command';
import { appRecord, appRecords } from './app-record';

export function deleteRevisionCommand(): Command {
  return platformCommand('delete-rev')
    .summary('forget an earlier revision')
    .description(
      'Forgets an earlier revision of an app: it can no longer be set again. On AWS its task definition and image stay.',
    )
    .argument('<app>', 'the name of the app; a revision alone will do where one app has it')
    .argument('[revision]', 'as `sgpu app list-rev` shows it')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nJSON: {"app_id","revision"}\n\nExamples:\n  sgpu app delete-rev painter 41')
    .action(
      onPlatform<readonly [string, string | undefined], { readonly yes?: boolean }>(
        async ({ client, output }, [name, given], { yes }) => {
          const { id, revision } =
            given === undefined
              ? await appWith(client, name)
              : { id: (await appRecord(client, name)).id, revision: given };
          if (!(await confirmed(`Forget revision ${revision} of ${id}?`, yes))) return;
          await client.ofApp('DELETE', id, `/revisions/${encodeURIComponent(revision)}`);
          output.result({ app_id: id, revision }, () => `Revision ${revision} of ${id} is forgotten.`);
        },
      ),
    );
}

async function appWith(
  client: AdminClient,
  revision: string,
): Promise<{ readonly id: string; readonly revision: string }> {
  const apps = await appRecords(client);
  const found = apps.filter((app) =>
    [app as Revision, ...(app.earlier ?? [])].some((one) => one.revision === revision),
  );
  const [only, another] = found;
  if (only !== undefined && another === undefined) return { id: only.id, revision };
  const why = found.length === 0 ? 'No app has' : `${found.map(({ id }) => id).join(' and ')} have`;
  throw new UserError(
    `${why} a revision ${revision}: write sgpu app delete-rev APP REVISION, as \`sgpu app list-rev\` shows them`,
  );
}
