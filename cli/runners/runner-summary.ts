/** A runner in a line of a table, with fal's names in JSON. */
import type { AppRecord } from '../../runtime/domain/app';
import { alive, retireAt, starting, type RunnerRecord } from '../../runtime/domain/runner';
import type { AdminClient } from '../admin-client';
import { duration } from '../moments';
import type { Output } from '../output';
import type { Column } from '../table';

export interface RunnerSummary {
  readonly alias: string;
  readonly machine_type: string;
  readonly runner_id: string;
  readonly in_flight_requests: number;
  /** Seconds until it retires when nothing comes; null while it works. */
  readonly expiration_countdown: number | null;
  readonly uptime_seconds: number;
  readonly revision: string;
  readonly state: string;
  /** It runs another revision than the current one and will be replaced. */
  readonly replacement: boolean;
  /** What a start waits for, or why the runner ended. */
  readonly detail: string;
}

/** States that `--state` knows; fal says `running` for all that serve. */
export const STATES = [
  'all',
  'idle',
  'running',
  'pending',
  'setup',
  'docker_pull',
  'draining',
  'crash_backoff',
  'terminating',
  'terminated',
];

export const RUNNERS_JSON = `
JSON: {"runners":[{"alias","machine_type","runner_id","in_flight_requests","expiration_countdown","uptime_seconds",
       "revision","state","replacement","detail"}]}`;

const COLUMNS: readonly Column<RunnerSummary>[] = [
  { title: 'Alias', value: ({ alias }) => alias },
  { title: 'Machine Type', value: (runner) => runner.machine_type, spare: 2 },
  { title: 'Runner ID', value: (runner) => runner.runner_id },
  { title: 'In Flight', value: (runner) => runner.in_flight_requests, right: true },
  { title: 'Expires In', value: (runner) => expiry(runner), right: true, spare: 3 },
  { title: 'Uptime', value: (runner) => duration(runner.uptime_seconds * 1000), right: true },
  { title: 'Revision', value: ({ revision }) => revision, spare: 1 },
  { title: 'State', value: ({ state, replacement }) => `${state}${replacement ? ' (*)' : ''}` },
  { title: 'Why', value: ({ detail }) => detail, spare: 4 },
];

/** The runners of an app that are there, and those that ended since a moment when one is given. */
export async function runnersOf(
  client: AdminClient,
  app: AppRecord,
  endedSince?: number,
): Promise<readonly RunnerSummary[]> {
  const since = endedSince === undefined ? '' : `?since=${Math.max(1, Math.floor(endedSince))}`;
  const { runners } = await client.ofApp<{ readonly runners: readonly RunnerRecord[] }>(
    'GET',
    app.id,
    `/runners${since}`,
  );
  const now = Date.now();
  return runners
    .filter((runner) => endedSince !== undefined || alive(runner))
    .map((runner) => summary(app, runner, now));
}

/** fal's counts, and a table. */
export function shownRunners(output: Output, runners: readonly RunnerSummary[]): string {
  const counted = (...states: readonly string[]): number =>
    runners.filter(({ state }) => states.includes(state)).length;
  const counts = [
    `Runners: ${counted('IDLE', 'RUNNING', 'DRAINING')}`,
    `Runners Pending: ${counted('PENDING')}`,
    `Runners Setting Up: ${counted('DOCKER_PULL', 'SETUP')}`,
  ].join('\n');
  const replaced = runners.some(({ replacement }) => replacement)
    ? ['(*) will be replaced: another revision is current']
    : [];
  return [counts, ...(runners.length === 0 ? [] : [output.table(COLUMNS, runners)]), ...replaced].join('\n');
}

/** Those in the states that were asked for. */
export function inStates(runners: readonly RunnerSummary[], states: readonly string[]): readonly RunnerSummary[] {
  if (states.length === 0 || states.includes('all')) return runners;
  return runners.filter(({ state }) => states.includes(state.toLowerCase()));
}

function summary(app: AppRecord, runner: RunnerRecord, now: number): RunnerSummary {
  const retires = retireAt(runner, app.spec);
  const end = alive(runner) ? now : runner.stateSince;
  return {
    alias: app.id.slice(app.id.indexOf('/') + 1),
    machine_type: app.spec.machine_type[0] ?? '',
    runner_id: runner.id,
    in_flight_requests: runner.inFlight,
    expiration_countdown: retires === undefined ? null : Math.max(0, Math.round((retires - now) / 1000)),
    uptime_seconds: Math.round((end - runner.createdAt) / 1000),
    revision: runner.revision,
    state: runner.state,
    replacement: alive(runner) && runner.revision !== app.revision,
    detail: detailOf(runner),
  };
}

function detailOf(runner: RunnerRecord): string {
  if (!alive(runner)) return runner.exitReason ?? '';
  return (starting(runner) ? runner.waitingFor : runner.drain?.reason) ?? '';
}

function expiry({ expiration_countdown: left }: RunnerSummary): string {
  return left === null ? 'N/A' : `${left}s`;
}
