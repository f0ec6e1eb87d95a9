/** `sgpu app gpus` and `sgpu runners gpus` */
import type { Command } from 'commander';
import type { AppRecord } from '../../runtime/domain/app';
import { alive, type RunnerRecord } from '../../runtime/domain/runner';
import type { AdminClient } from '../admin-client';
import { onPlatform, platformCommand } from '../platform-command';
import type { Column } from '../table';
import { appRecord, appRecords } from './app-record';

interface AppGpus {
  readonly app_id: string;
  readonly machine_types: readonly string[];
  /** Of one runner. */
  readonly num_gpus: number;
  readonly runners: number;
  /** Of all its runners. */
  readonly gpus: number;
}

const COLUMNS: readonly Column<AppGpus>[] = [
  { title: 'App', value: (one) => one.app_id },
  { title: 'Machine Type', value: (one) => one.machine_types.join(', '), spare: 1 },
  { title: 'GPUs a Runner', value: (one) => one.num_gpus, right: true },
  { title: 'Runners', value: (one) => one.runners, right: true },
  { title: 'GPUs', value: (one) => one.gpus, right: true },
];

const JSON_SHAPE = '\nJSON: {"gpus":[{"app_id","machine_types":[],"num_gpus","runners","gpus"}]}\n\nExamples:\n';

export function appGpusCommand(): Command {
  return platformCommand('gpus')
    .summary('the GPUs that an app has')
    .description('Shows how many GPUs the runners of an app have, those that start included.')
    .argument('<app>', 'the name of the app')
    .addHelpText('after', `${JSON_SHAPE}  sgpu app gpus painter`)
    .action(
      onPlatform<readonly [string]>(async ({ client, output }, [name]) => {
        const gpus = [await gpusOf(client, await appRecord(client, name))];
        output.result({ gpus }, () => output.table(COLUMNS, gpus));
      }),
    );
}

export function allGpusCommand(): Command {
  return platformCommand('gpus')
    .summary('the GPUs that the apps have')
    .description('Shows how many GPUs the runners of each app have, those that start included.')
    .addHelpText('after', `${JSON_SHAPE}  sgpu runners gpus`)
    .action(
      onPlatform(async ({ client, output }) => {
        const apps = await appRecords(client);
        const gpus = await Promise.all(apps.map((app) => gpusOf(client, app)));
        output.result({ gpus }, () => output.table(COLUMNS, gpus));
      }),
    );
}

async function gpusOf(client: AdminClient, { id, spec }: AppRecord): Promise<AppGpus> {
  const found = await client.ofApp<{ readonly runners: readonly RunnerRecord[] }>('GET', id, '/runners');
  const runners = found.runners.filter(alive).length;
  const withGpus = spec.machine_type.some((type) => type.startsWith('GPU'));
  const num_gpus = withGpus ? (spec.num_gpus ?? 1) : 0;
  return { app_id: id, machine_types: spec.machine_type, num_gpus, runners, gpus: runners * num_gpus };
}
