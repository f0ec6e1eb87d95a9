/** What all parts of a simulation share: the clock, the events to come, the trace and what became of its requests. */
import type { RunnerRecord } from '../runtime/domain/runner';
import type { AppState } from './app-state';
import type { EventQueue } from './event-queue';
import type { Trace } from './trace';

export const EVENT = {
  /** A woken slot claims. Subject: runner. */
  claim: 0,
  /** A runner is through with a request. Subject: runner, detail: request. */
  finish: 1,
  /** A stage of a start is over. Subject: runner. */
  stage: 2,
  /** What a look decided reaches the fleet. Subject: runner. */
  place: 3,
  /** A runner looks whether it may retire. Subject: runner. */
  retire: 4,
  /** The grace period of a runner is over. Subject: runner. */
  expire: 5,
  /** The back-off of a request is over. Subject: request. */
  retry: 6,
  /** A machine has been empty for its keep-alive. Subject: machine. */
  machineIdle: 7,
  /** A machine is about to be reclaimed. Subject: machine. */
  notice: 8,
  /** A machine is reclaimed. Subject: machine. */
  reclaim: 9,
  /** The controller looks at an app because a submit asked for it. Subject: app. */
  poke: 10,
  /** The controller looks at an app. Subject: app. */
  look: 11,
} as const;

/** Told what happens to runners and requests. Times are ms since the start. */
export interface Observer {
  runnerLaunched?(runner: RunnerRecord, now: number): void;
  /** The runner holds GPUs from now on. */
  runnerPlaced?(runner: RunnerRecord, now: number): void;
  runnerEnded?(runner: RunnerRecord, now: number): void;
  requestStarted?(request: number, runner: RunnerRecord, now: number): void;
  requestServed?(request: number, runner: RunnerRecord, now: number): void;
}

export interface World {
  now: number;
  readonly trace: Trace;
  readonly events: EventQueue;
  readonly observer: Observer;
  /** By request: when the attempt that served it began; NaN for one that was not served. */
  readonly startedAt: Float64Array;
  /** Requests served, and those whose attempts were used up. */
  served: number;
  deadLetters: number;
  /** When anything last changed but a look that changed nothing. */
  changedAt: number;
  /** Something happened to the app that its scaler may care about. */
  touched(app: AppState): void;
}
