/** An app in a line of a table, with fal's names in JSON. */
import type { AppRecord } from '../../runtime/domain/app';
import { alive, type RunnerRecord } from '../../runtime/domain/runner';
import type { AdminClient } from '../admin-client';
import type { Column } from '../table';
import { appRecords } from './app-record';

export interface AppSummary {
  readonly app_id: string;
  readonly alias: string;
  readonly revision: string;
  readonly auth_mode: string;
  readonly min_concurrency: number;
  readonly max_concurrency: number;
  readonly concurrency_buffer: number;
  readonly concurrency_buffer_perc: number;
  readonly scaling_delay: number;
  readonly max_multiplexing: number;
  readonly keep_alive: number;
  readonly request_timeout: number;
  readonly startup_timeout: number;
  readonly machine_types: readonly string[];
  readonly active_runners: number;
}

export const APP_COLUMNS: readonly Column<AppSummary>[] = [
  { title: 'Name', value: ({ alias }) => alias },
  { title: 'Revision', value: ({ revision }) => revision, spare: 8 },
  { title: 'Auth', value: ({ auth_mode }) => auth_mode, spare: 9 },
  { title: 'Min', value: (app) => app.min_concurrency, right: true },
  { title: 'Max', value: (app) => app.max_concurrency, right: true },
  { title: 'Buffer', value: (app) => app.concurrency_buffer, right: true, spare: 3 },
  { title: 'Scaling Delay', value: (app) => `${app.scaling_delay}s`, right: true, spare: 4 },
  { title: 'Multiplexing', value: (app) => app.max_multiplexing, right: true, spare: 5 },
  { title: 'Keep Alive', value: (app) => `${app.keep_alive}s`, right: true, spare: 7 },
  { title: 'Request Timeout', value: (app) => `${app.request_timeout}s`, right: true, spare: 2 },
  { title: 'Startup Timeout', value: (app) => `${app.startup_timeout}s`, right: true, spare: 1 },
  { title: 'Machine Type', value: (app) => app.machine_types.join(', '), spare: 6 },
  { title: 'Runners', value: (app) => app.active_runners, right: true },
];

export async function summaries(client: AdminClient): Promise<readonly AppSummary[]> {
  return Promise.all((await appRecords(client)).map((app) => summaryOf(client, app)));
}

export async function summaryOf(client: AdminClient, app: AppRecord): Promise<AppSummary> {
  const { runners } = await client.ofApp<{ readonly runners: readonly RunnerRecord[] }>('GET', app.id, '/runners');
  return summary(app, runners.filter(alive).length);
}

function summary({ id, revision, spec }: AppRecord, runners: number): AppSummary {
  return {
    app_id: id,
    alias: id.slice(id.indexOf('/') + 1),
    revision,
    auth_mode: spec.auth,
    min_concurrency: spec.min_concurrency,
    max_concurrency: spec.max_concurrency,
    concurrency_buffer: spec.concurrency_buffer,
    concurrency_buffer_perc: spec.concurrency_buffer_perc,
    scaling_delay: spec.scaling_delay,
    max_multiplexing: spec.max_multiplexing,
    keep_alive: spec.keep_alive,
    request_timeout: spec.request_timeout,
    startup_timeout: spec.startup_timeout,
    machine_types: spec.machine_type,
    active_runners: runners,
  };
}
