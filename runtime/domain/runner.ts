/**
 * The life of one runner: `PENDING → (DOCKER_PULL) → SETUP → IDLE ⇄ RUNNING → DRAINING → TERMINATING → TERMINATED`.
 * State names are fal's.
 *
 * A runner that works leaves by itself (see `RunnerRegistry.retire`). Force is for the runner that does not work: every
 * state but the serving ones has a deadline.
 */

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
  'retired' | 'drained' | 'stopped' | 'startup_failed' | 'startup_timeout' | 'crashed' | 'unhealthy' | 'lost';

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
