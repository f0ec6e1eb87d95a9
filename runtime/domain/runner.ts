/**
 * The life of one runner: `PENDING → (DOCKER_PULL) → SETUP → IDLE ⇄ RUNNING → DRAINING → TERMINATING → TERMINATED`.
 * State names are fal's.
 *
 * A runner that works leaves by itself (see `RunnerRegistry.retire`). Force is for the runner that does not work: every
 * state but the serving ones has a deadline (`runner-deadline.ts`).
 *
 * As in `request.ts`, a move takes a record and returns the next one, or `undefined` when it is not allowed; the caller
 * stores it with one conditional write (`RunnerRegistry.replace`).
 */
import type { AppSpec } from './app-spec';

export const RUNNER_STATES = [
  'PENDING',
  'DOCKER_PULL',
  'SETUP',
  'IDLE',
  'RUNNING',
  'DRAINING',
  'TERMINATING',
  'TERMINATED',
] as const;
export type RunnerState = (typeof RUNNER_STATES)[number];

/** Why a runner left, in one word for machines; `RunnerRecord.exitReason` has the sentence for people. */
export type RunnerExit =
  | 'retired'
  | 'drained'
  | 'stopped'
  | 'scheduling_failed'
  | 'startup_failed'
  | 'startup_timeout'
  | 'crashed'
  | 'unhealthy'
  | 'lost';

export interface RunnerRecord {
  readonly id: string;
  /** `owner/alias` of the app. */
  readonly app: string;
  readonly revision: string;
  readonly state: RunnerState;
  readonly createdAt: number;
  /** When `state` was entered. */
  readonly stateSince: number;
  /** When the runner first became ready; absent while it starts. */
  readonly readyAt?: number;
  readonly inFlight: number;
  /** Requests taken since the start; 0 marks a runner that was never used. */
  readonly served: number;
  /** When the last request ended (or the runner became ready); it retires `keep_alive` later. */
  readonly idleSince?: number;
  readonly heartbeatAt: number;
  /** Runner hints the app advertised, newest first. */
  readonly hints: readonly string[];
  /** What a starting runner waits for, in words: "building the Python environment", "no free GPU". */
  readonly waitingFor?: string;
  /** Set by whoever wants the runner to leave: it claims nothing more, finishes what it has within the grace period. */
  readonly drain?: { readonly reason: string; readonly deadline: number };
  /** Starts of this revision that failed in a row before this runner was launched: what the next back-off builds on. */
  readonly failedStarts: number;
  readonly exit?: RunnerExit;
  readonly exitReason?: string;
  /** Raised by every stored change; the condition of the next write. */
  readonly version: number;
}

/** True for a runner that may claim requests. */
export function ready(runner: RunnerRecord): boolean {
  return (runner.state === 'IDLE' || runner.state === 'RUNNING') && runner.drain === undefined;
}

/** True for a runner that was launched and is not ready yet. */
export function starting(runner: RunnerRecord): boolean {
  return runner.state === 'PENDING' || runner.state === 'DOCKER_PULL' || runner.state === 'SETUP';
}

/** True until the runner is gone: it may still hold a GPU. */
export function alive(runner: RunnerRecord): boolean {
  return runner.state !== 'TERMINATED';
}

/** True for a runner that was ready and has not begun to end: it reports by heartbeats. */
export function serving(runner: RunnerRecord): boolean {
  return runner.state === 'IDLE' || runner.state === 'RUNNING' || runner.state === 'DRAINING';
}

/** The record of a runner that is about to be launched. */
export function launched(
  runner: Pick<RunnerRecord, 'id' | 'app' | 'revision' | 'createdAt'> & { readonly failedStarts?: number },
): RunnerRecord {
  return {
    failedStarts: 0,
    ...runner,
    state: 'PENDING',
    stateSince: runner.createdAt,
    inFlight: 0,
    served: 0,
    heartbeatAt: runner.createdAt,
    hints: [],
    version: 1,
  };
}

/** A starting runner gets on, or says what it waits for. */
export function startProgressed(
  runner: RunnerRecord,
  state: 'PENDING' | 'DOCKER_PULL' | 'SETUP',
  now: number,
  waitingFor?: string,
): RunnerRecord | undefined {
  if (!starting(runner) || START_ORDER.indexOf(state) < START_ORDER.indexOf(runner.state)) return undefined;
  const { waitingFor: _before, ...rest } = runner;
  return next(rest, { state, heartbeatAt: now, ...(waitingFor === undefined ? {} : { waitingFor }) }, now);
}

/** The app answers: the runner may claim requests. Not when it was asked to leave in the meantime. */
export function becameReady(runner: RunnerRecord, now: number): RunnerRecord | undefined {
  if (!starting(runner) || runner.drain !== undefined) return undefined;
  const { waitingFor: _started, ...rest } = runner;
  return next(rest, { state: 'IDLE', readyAt: now, idleSince: now, heartbeatAt: now }, now);
}

/** What a serving runner reports about itself. */
export interface RunnerReport {
  readonly inFlight: number;
  readonly served: number;
  /** When its last request ended, where the runner knows better than "now". */
  readonly idleSince?: number;
  readonly hints?: readonly string[];
}

/** A serving runner says how it is. One that was asked to leave is DRAINING from then on. */
export function heartbeat(runner: RunnerRecord, report: RunnerReport, now: number): RunnerRecord | undefined {
  if (!serving(runner)) return undefined;
  const { idleSince: before, ...rest } = runner;
  const keptIdle = report.inFlight === 0 && report.served === runner.served ? before : undefined;
  const changes: Partial<RunnerRecord> = {
    state: runner.drain !== undefined ? 'DRAINING' : report.inFlight > 0 ? 'RUNNING' : 'IDLE',
    inFlight: report.inFlight,
    served: report.served,
    hints: report.hints ?? runner.hints,
    heartbeatAt: now,
    ...(report.inFlight > 0 ? {} : { idleSince: report.idleSince ?? keptIdle ?? now }),
  };
  return next(rest, changes, now);
}

/** Asks a runner to leave. Asking again can only make it leave earlier. */
export function askedToDrain(
  runner: RunnerRecord,
  reason: string,
  now: number,
  graceMs: number,
): RunnerRecord | undefined {
  if (!starting(runner) && !serving(runner)) return undefined;
  const deadline = now + graceMs;
  if (runner.drain !== undefined && runner.drain.deadline <= deadline) return undefined;
  return next(runner, { drain: { reason, deadline } }, now);
}

/** The runner's processes are being ended. Saying it again restarts its deadline; the first reason stays. */
export function terminating(
  runner: RunnerRecord,
  exit: RunnerExit,
  reason: string,
  now: number,
): RunnerRecord | undefined {
  if (!alive(runner)) return undefined;
  const why = runner.exit === undefined ? { exit, exitReason: reason } : {};
  return { ...next(runner, { state: 'TERMINATING', ...why }, now), stateSince: now };
}

/** The runner is gone. What it was ended for is kept; `exit` and `reason` are for one that left unasked. */
export function terminated(
  runner: RunnerRecord,
  exit: RunnerExit,
  reason: string,
  now: number,
): RunnerRecord | undefined {
  if (!alive(runner)) return undefined;
  const { waitingFor: _gone, ...rest } = runner;
  const why = runner.exit === undefined ? { exit, exitReason: reason } : {};
  return next(rest, { state: 'TERMINATED', inFlight: 0, ...why }, now);
}

/** fal ends a runner that never got a request this soon when neither `min_concurrency` nor a buffer is set. */
export const UNUSED_MS = 10_000;

/** When an idle runner may retire, ms since the epoch; `undefined` while it works or does not serve. */
export function retireAt(
  runner: RunnerRecord,
  spec: Pick<AppSpec, 'keep_alive' | 'min_concurrency' | 'concurrency_buffer' | 'concurrency_buffer_perc'>,
): number | undefined {
  if (!ready(runner) || runner.inFlight > 0 || runner.idleSince === undefined) return undefined;
  const kept = spec.min_concurrency > 0 || spec.concurrency_buffer > 0 || spec.concurrency_buffer_perc > 0;
  return runner.idleSince + (runner.served === 0 && !kept ? UNUSED_MS : spec.keep_alive * 1000);
}

const START_ORDER: readonly RunnerState[] = ['PENDING', 'DOCKER_PULL', 'SETUP'];

function next(runner: RunnerRecord, changes: Partial<RunnerRecord>, now: number): RunnerRecord {
  const entered = changes.state !== undefined && changes.state !== runner.state;
  return { ...runner, ...changes, ...(entered ? { stateSince: now } : {}), version: runner.version + 1 };
}
