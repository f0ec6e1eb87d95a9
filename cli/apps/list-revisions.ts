/** `sgpu app list-rev` */
import type { Command } from 'commander';
import type { Revision } from '../../runtime/domain/app';
import { moment } from '../moments';
import { onPlatform, platformCommand } from '../platform-command';
import type { Column } from '../table';
import { appRecord, appRecords } from './app-record';

interface ListedRevision {
  readonly app_id: string;
  readonly revision: string;
  readonly current: boolean;
  /** `good` once one of its runners was ready, `failed` when its starts fail, else `untried`. */
  readonly health: 'good' | 'failed' | 'untried';
  readonly machine_types: readonly string[];
  readonly created_at: number;
  /** What whoever deployed it wrote down. */
  readonly message?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const COLUMNS: readonly Column<ListedRevision>[] = [
  { title: '', value: ({ current }) => (current ? '*' : '') },
  { title: 'App', value: (revision) => revision.app_id, spare: 2 },
  { title: 'Revision', value: ({ revision }) => revision },
  { title: 'Health', value: ({ health }) => health },
  { title: 'Machine Type', value: (revision) => revision.machine_types.join(', '), spare: 1 },
  { title: 'Message', value: noteOf, spare: 3 },
  { title: 'Created', value: (revision) => moment(revision.created_at) },
];

export function listRevisionsCommand(): Command {
  return platformCommand('list-rev')
    .summary('current and earlier revisions')
    .description(
      'Lists the revisions that are kept: the current one, marked by a star, and those that can be set again.',
    )
    .argument('[app]', 'the name of the app (default: all)')
    .addHelpText(
      'after',
      '\nJSON: {"revisions":[{"app_id","revision","current","health","machine_types":[],"created_at","message","annotations"}]}\n\nExamples:\n  sgpu app list-rev painter',
    )
    .action(
      onPlatform<readonly [string | undefined]>(async ({ client, output }, [name]) => {
        const apps = name === undefined ? await appRecords(client) : [await appRecord(client, name)];
        const lists = apps.map(async ({ id }) => {
          const found = await client.ofApp<{ readonly revisions: readonly Revision[] }>('GET', id, '/revisions');
          return found.revisions.map((revision, index) => listed(id, revision, index === 0));
        });
        const revisions = (await Promise.all(lists)).flat();
        output.result({ revisions }, () => output.table(COLUMNS, revisions));
      }),
    );
}

function listed(
  app_id: string,
  { revision, spec, deployedAt, deployment, readyAt, failure }: Revision,
  current: boolean,
): ListedRevision {
  const health = readyAt !== undefined ? 'good' : failure === undefined ? 'untried' : 'failed';
  const { message, annotations } = deployment ?? {};
  return {
    ...{ app_id, revision, current, health, machine_types: spec.machine_type, created_at: deployedAt },
    ...(message === undefined ? {} : { message }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function noteOf({ message, annotations = {} }: ListedRevision): string {
  const pairs = Object.entries(annotations).map(([key, value]) => `${key}=${value}`);
  return [...(message === undefined ? [] : [message.replace(/\s+/g, ' ')]), ...pairs].join(' ');
}
