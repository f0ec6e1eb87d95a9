/** A day of an app as its platform recorded it: played again as the controller would act, beside what really happened. */
import type { AppSpec } from '../runtime/domain/app-spec';
import type { Decision } from '../runtime/domain/app';
import type { RequestHead } from '../runtime/domain/request';
import { alive, type RunnerRecord } from '../runtime/domain/runner';
import { UserError } from '../runtime/domain/user-error';
import { formatReplay, replay, type Replay } from './replay';
import { traceOf, type Trace } from './trace';

/** What is exported; times are seconds from the first request. */
export interface RecordedDay {
  readonly version: typeof VERSION;
  readonly app: string;
  readonly spec: AppSpec;
  /** How long its starts took, in the mean. */
  readonly start_s: number;
  readonly requests: readonly { readonly arrival_s: number; readonly service_s: number; readonly wait_s: number }[];
  /** When each runner was wished for and gone. The platform forgets those that are gone for long. */
  readonly runners: readonly { readonly from_s: number; readonly until_s: number }[];
  readonly decisions: readonly Decision[];
}

const VERSION = 1;

/** What the admin API says about an app. */
export interface Records {
  readonly app: string;
  readonly spec: AppSpec;
  readonly requests: readonly Pick<RequestHead, 'submittedAt' | 'startedAt' | 'completedAt'>[];
  readonly runners: readonly RunnerRecord[];
  readonly decisions: readonly Decision[];
}

/** `startSeconds` is for an app whose starts nobody has seen. Throws a `UserError` where there is nothing to play. */
export function recordedDay(records: Records, now: number, startSeconds?: number): RecordedDay {
  const { app, spec, runners, decisions } = records;
  const requests = records.requests.flatMap(({ submittedAt, startedAt, completedAt }) =>
    startedAt === undefined || completedAt === undefined ? [] : [{ submittedAt, startedAt, completedAt }],
  );
  if (requests.length === 0) throw new UserError(`${app} has no answered request on record: there is nothing to play`);
  const start_s = startSeconds ?? meanStartSeconds(runners);
  if (start_s === undefined)
    throw new UserError(`No start of ${app} is on record any more: say how long it takes by --start-seconds`);
  const first = Math.min(...requests.map(({ submittedAt }) => submittedAt));
  const seconds = (at: number): number => Math.max(0, at - first) / 1000;
  return {
    version: VERSION,
    app,
    spec,
    start_s,
    requests: requests.map(({ submittedAt, startedAt, completedAt }) => ({
      arrival_s: seconds(submittedAt),
      service_s: Math.max(0, completedAt - startedAt) / 1000,
      wait_s: Math.max(0, startedAt - submittedAt) / 1000,
    })),
    runners: runners.map((runner) => ({
      from_s: seconds(runner.createdAt),
      until_s: seconds(alive(runner) ? now : runner.stateSince),
    })),
    decisions,
  };
}

/** Seconds from the wish for a runner until it was READY, in the mean; `undefined` where none is on record. */
export function meanStartSeconds(runners: readonly RunnerRecord[]): number | undefined {
  const starts = runners.flatMap(({ createdAt, readyAt }) => (readyAt === undefined ? [] : [readyAt - createdAt]));
  return starts.length === 0 ? undefined : starts.reduce((sum, ms) => sum + ms, 0) / starts.length / 1000;
}

/** Reads an export. Throws a `UserError` that names what is wrong with it. */
export function parseRecordedDay(text: string, file: string): RecordedDay {
  let day: Partial<RecordedDay>;
  try {
    day = JSON.parse(text) as Partial<RecordedDay>;
  } catch {
    throw new UserError(`${file} is no JSON: \`sgpu simulate --app NAME --export FILE\` writes one`);
  }
  const { version, requests, runners, start_s } = day;
  if (version !== VERSION) throw new UserError(`${file} is no recorded day of version ${VERSION}`);
  const sound =
    Array.isArray(requests) &&
    requests.length > 0 &&
    Array.isArray(runners) &&
    [start_s, ...requests.flatMap(timesOf), ...runners.flatMap(spanOf)].every(isTime) &&
    typeof day.app === 'string' &&
    typeof day.spec === 'object' &&
    Array.isArray(day.decisions);
  if (!sound) throw new UserError(`${file} is damaged: it has a part that no export has`);
  return day as RecordedDay;
}

export function traceOfDay({ app, requests }: RecordedDay): Trace {
  return traceOf(
    requests.map(({ arrival_s, service_s }) => ({ app, arrivalMs: 1000 * arrival_s, serviceMs: 1000 * service_s })),
  );
}

/** What happened, and the same day in the simulator. */
export interface ReplayedDay {
  readonly app: string;
  readonly decisions: number;
  readonly recorded: {
    readonly starts: number;
    /** Of runners on record, one GPU each counted as the app has. */
    readonly gpu_hours: number;
    readonly mean_wait_s: number;
    /** Beyond the clairvoyant. */
    readonly regret_gpu_hours: number;
    readonly regret_wait_hours: number;
  };
  readonly simulated: Replay;
}

export function replayDay(day: RecordedDay): ReplayedDay {
  const { app, spec, start_s, requests, runners, decisions } = day;
  const simulated = replay(traceOfDay(day), { startSeconds: start_s, spec });
  const gpu_hours = runners.reduce((sum, { from_s, until_s }) => sum + until_s - from_s, 0) / 3600;
  const waited = requests.reduce((sum, { wait_s }) => sum + wait_s, 0);
  return {
    app,
    decisions: decisions.length,
    recorded: {
      starts: runners.length,
      gpu_hours,
      mean_wait_s: waited / requests.length,
      regret_gpu_hours: gpu_hours - simulated.boundGpuHours,
      regret_wait_hours: waited / 3600,
    },
    simulated,
  };
}

export function formatReplayedDay({ app, decisions, recorded, simulated }: ReplayedDay): string {
  return [
    `${app}, as recorded: ${recorded.gpu_hours.toFixed(2)} runner-hours, ${recorded.starts} starts, ${decisions} decisions`,
    `mean wait ${recorded.mean_wait_s.toFixed(1)} s`,
    `regret: ${recorded.regret_gpu_hours.toFixed(2)} runner-hours and ${recorded.regret_wait_hours.toFixed(2)} hours of waiting`,
    '',
    'The same requests in the simulator:',
    formatReplay(simulated),
  ].join('\n');
}

function timesOf(request: {
  readonly arrival_s?: unknown;
  readonly service_s?: unknown;
  readonly wait_s?: unknown;
}): readonly unknown[] {
  return [request.arrival_s, request.service_s, request.wait_s];
}

function spanOf(runner: { readonly from_s?: unknown; readonly until_s?: unknown }): readonly unknown[] {
  return [runner.from_s, runner.until_s];
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}
