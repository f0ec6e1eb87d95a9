/** `sgpu costs` */
import type { Command } from 'commander';
import { PRICE_REGION, PRICES_AS_OF } from '../runtime/domain/machine-catalog';
import { alive, type RunnerRecord } from '../runtime/domain/runner';
import { usdPerRunnerHour } from '../runtime/domain/running-cost';
import { appRecords } from './apps/app-record';
import { since } from './moments';
import { onPlatform, platformCommand } from './platform-command';
import type { Column } from './table';

interface AppCost {
  readonly app_id: string;
  readonly machine_type: string;
  /** USD; null where the machine has no price. */
  readonly runner_hour: number | null;
  readonly runners_now: number;
  readonly runner_hours: number;
  readonly estimate: number | null;
}

const COLUMNS: readonly Column<AppCost>[] = [
  { title: 'App', value: (cost) => cost.app_id },
  { title: 'Machine Type', value: (cost) => cost.machine_type, spare: 1 },
  { title: '$/Runner Hour', value: (cost) => usd(cost.runner_hour), right: true },
  { title: 'Runners Now', value: (cost) => cost.runners_now, right: true },
  { title: 'Runner Hours', value: (cost) => cost.runner_hours.toFixed(2), right: true },
  { title: 'Estimate $', value: ({ estimate }) => usd(estimate), right: true },
];

const DAY_MS = 86_400_000;

export function costsCommand(): Command {
  return platformCommand('costs')
    .summary('what runners cost')
    .description(
      'Estimates what the runners of each app cost: hours of the runners that the platform remembers, times their share ' +
        `of the on-demand price of the cheapest machine (${PRICE_REGION}, ${PRICES_AS_OF}). Spot and other regions cost ` +
        'otherwise, machines stay a while after their last runner, and runners that ended long ago are forgotten.',
    )
    .option('--since <time>', 'from then on: 30m, 2h, 1d or a moment (default: 1d)', since)
    .addHelpText(
      'after',
      `
JSON: {"since","apps":[{"app_id","machine_type","runner_hour","runners_now","runner_hours","estimate"}],"total"}

Examples:
  sgpu costs --since 7d`,
    )
    .action(
      onPlatform<readonly [], { readonly since?: number }>(async ({ client, output }, _none, options) => {
        const now = Date.now();
        const from = options.since ?? now - DAY_MS;
        const apps = await Promise.all(
          (await appRecords(client)).map(async (app): Promise<AppCost> => {
            const path = `/runners?since=${Math.max(1, Math.floor(from))}`;
            const { runners } = await client.ofApp<{ readonly runners: readonly RunnerRecord[] }>('GET', app.id, path);
            const runner_hour = usdPerRunnerHour(app.spec) ?? null;
            const runner_hours = runners.reduce((sum, runner) => sum + hours(runner, from, now), 0);
            return {
              app_id: app.id,
              machine_type: app.spec.machine_type[0] ?? '',
              runner_hour,
              runners_now: runners.filter(alive).length,
              runner_hours,
              estimate: runner_hour === null ? null : runner_hour * runner_hours,
            };
          }),
        );
        const total = apps.reduce((sum, { estimate }) => sum + (estimate ?? 0), 0);
        output.result({ since: new Date(from).toISOString(), apps, total }, () =>
          [output.table(COLUMNS, apps), `Total: $${total.toFixed(2)}, estimated from on-demand prices`].join('\n'),
        );
      }),
    );
}

function hours(runner: RunnerRecord, from: number, now: number): number {
  const end = alive(runner) ? now : runner.stateSince;
  return Math.max(0, end - Math.max(from, runner.createdAt)) / 3_600_000;
}

function usd(amount: number | null): string {
  return amount === null ? 'unknown' : amount.toFixed(2);
}
