/**
 * How many runners an app should have, and what to do about it. The controller and the simulator run the same `decide`.
 *
 * The size is fal's documented formula (`targetSize`). Growing is the controller's part: it launches what is missing.
 * Shrinking is the runners' own: the target is also the floor under which none may retire (`RunnerRegistry.setFloor`), and
 * whoever is idle for `keep_alive` above it leaves. A working runner is never stopped from here.
 */
import { adaptiveDemand, standingRunners, surplus } from './adaptive-scaling';
import type { AppSpec } from './app-spec';
import type { Forecast } from './forecast';
import {
  alive,
  askedToDrain,
  ready,
  starting,
  terminating,
  UNUSED_MS,
  type RunnerExit,
  type RunnerRecord,
} from './runner';
import { capacity, trialLaunches, trialState, type Trial, type TrialState } from './revision-trial';
import { overdue } from './runner-deadline';
import { startBackOff, type StartBackOff } from './start-back-off';

/** What is known about an app at one moment. */
export interface Observation {
  /** The revision that new runners run. */
  readonly revision: string;
  readonly strategy: 'rolling' | 'recreate';
  readonly waiting: number;
  /** Of the waiting, those that have waited for `scaling_delay`. */
  readonly overdue: number;
  readonly inProgress: number;
  /** Submission time of the oldest waiting request. */
  readonly oldestWaitingAt?: number;
  /** All runners that are not gone, and those gone within `BACK_OFF_MEMORY_MS`. */
  readonly runners: readonly RunnerRecord[];
  /** Floors that are set, by revision; an absent one is 0. */
  readonly floors: Readonly<Record<string, number>>;
  /** Set where the adaptive policy decides. */
  readonly forecast?: Forecast;
  /** Of the waiting, those that have waited for longer than the forecast's `patienceMs`. */
  readonly impatient?: number;
  /** Set while the current revision is on trial. */
  readonly trial?: Trial;
  /** Whether a runner of the current revision is wanted only to see whether it gets READY. */
  readonly verify?: boolean;
}

export type ScalingAction =
  /** Starts `count` runners, of the current revision unless an earlier one is named. */
  | { readonly kind: 'launch'; readonly count: number; readonly failedStarts: number; readonly revision?: string }
  /** No runner of the revision may retire when that leaves fewer than `floor` READY. */
  | { readonly kind: 'setFloor'; readonly revision: string; readonly floor: number }
  /** Asks a runner to finish what it has and leave. */
  | { readonly kind: 'drain'; readonly runner: string; readonly reason: string; readonly graceMs: number }
  /** Ends a runner that does not work (or has not begun to), by force after `graceMs`. */
  | {
      readonly kind: 'stop';
      readonly runner: string;
      readonly reason: string;
      readonly exit: RunnerExit;
      readonly graceMs: number;
    };

/** What to do, and what `explain` (scaling-reason.ts) makes words of. */
export interface ScalingDecision {
  readonly actions: readonly ScalingAction[];
  readonly size: TargetSize;
  readonly backOff: StartBackOff;
}

/** The sizes fal's formula gives, all in runners. */
export interface TargetSize {
  /** Enough for what runs and what has waited long enough. */
  readonly demand: number;
  /** Spare runners above the demand. */
  readonly buffer: number;
  readonly target: number;
}

/** fal's formula: `min(max_concurrency, max(min_concurrency, demand + buffer))`. */
export function targetSize(observed: Pick<Observation, 'inProgress' | 'overdue'>, spec: AppSpec): TargetSize {
  return sizeFor(Math.ceil((observed.inProgress + observed.overdue) / spec.max_multiplexing), spec);
}

/** The size by the policy that the app has. Buffers stand above what is asked for, not above what stands by. */
function wantedSize(observed: Observation, spec: AppSpec, now: number): TargetSize {
  const size = sizeFor(adaptiveDemand(observed, spec, now), spec);
  const standing = Math.min(spec.max_concurrency, standingRunners(observed, spec));
  return { ...size, target: Math.max(size.target, standing) };
}

function sizeFor(demand: number, spec: AppSpec): TargetSize {
  const buffer = Math.max(spec.concurrency_buffer, Math.ceil((spec.concurrency_buffer_perc / 100) * demand));
  return { demand, buffer, target: Math.min(spec.max_concurrency, Math.max(spec.min_concurrency, demand + buffer)) };
}

/** What to do now. Deciding again right after the actions were applied gives none. */
export function decide(observation: Observation, spec: AppSpec, now: number): ScalingDecision {
  const fleet = new Projection(observation, now);
  stopBroken(fleet, spec);
  const size = wantedSize({ ...observation, runners: fleet.all }, spec, now);
  const wanted = Math.max(size.target, Number(observation.verify ?? false));
  giveUpUnneeded(fleet, fleet.current, wanted);
  if (fleet.trial?.fallsBack) giveUpUnneeded(fleet, fleet.old, size.target);
  replaceOldRevisions(fleet, spec, size.target);
  releaseSurplus(fleet, spec, size.target);
  const backOff = startBackOff(fleet.current);
  if (fleet.trial?.fallsBack) fleet.launchTrial(fleet.trial, size.target);
  else launchMissing(fleet, backOff, wanted);
  return { actions: fleet.actions, size, backOff };
}

/** The runners as they will be once the actions so far are applied: each rule sees what the rules before it did. */
class Projection {
  readonly actions: ScalingAction[] = [];
  private runners: readonly RunnerRecord[];

  constructor(
    readonly observation: Observation,
    readonly now: number,
  ) {
    this.runners = observation.runners;
  }

  get all(): readonly RunnerRecord[] {
    return this.runners;
  }

  get current(): readonly RunnerRecord[] {
    return this.runners.filter((runner) => runner.revision === this.observation.revision);
  }

  get old(): readonly RunnerRecord[] {
    return this.runners.filter((runner) => runner.revision !== this.observation.revision);
  }

  /** How the trial of the current revision stands. */
  get trial(): TrialState | undefined {
    return trialState(this.observation, this.runners);
  }

  /** True for a runner whose revision may be what is fallen back to. */
  mayServeOn(runner: RunnerRecord): boolean {
    const { trial } = this;
    return trial !== undefined && trial.fallsBack && trial.fallback === runner.revision;
  }

  launchTrial(trial: TrialState, target: number): void {
    this.actions.push(...trialLaunches(this.observation, trial, this.runners, target, this.now));
  }

  stop(runner: RunnerRecord, exit: RunnerExit, reason: string, graceMs: number): void {
    this.actions.push({ kind: 'stop', runner: runner.id, reason, exit, graceMs });
    this.put(terminating(runner, exit, reason, this.now));
  }

  drain(runner: RunnerRecord, reason: string, graceMs: number): void {
    this.actions.push({ kind: 'drain', runner: runner.id, reason, graceMs });
    this.put(askedToDrain(runner, reason, this.now, graceMs));
  }

  setFloor(revision: string, floor: number): void {
    if ((this.observation.floors[revision] ?? 0) !== floor) this.actions.push({ kind: 'setFloor', revision, floor });
  }

  private put(changed: RunnerRecord | undefined): void {
    if (changed !== undefined) this.runners = this.runners.map((old) => (old.id === changed.id ? changed : old));
  }
}

/** Every state but the serving ones has a deadline; so has silence. */
function stopBroken(fleet: Projection, spec: AppSpec): void {
  for (const runner of fleet.all) {
    const why = overdue(runner, spec, fleet.now);
    if (why !== undefined) fleet.stop(runner, why.exit, why.reason, graceMs(spec));
  }
}

/**
 * fal lets a runner that nobody needed run for 10 s and then ends it. One that still waits for hardware needs no
 * hardware for that: it is given up after the same time.
 */
function giveUpUnneeded(fleet: Projection, runners: readonly RunnerRecord[], target: number): void {
  const surplus = capacity(runners).length - target;
  const unneeded = capacity(runners)
    .filter((runner) => runner.state === 'PENDING' && fleet.now - runner.stateSince >= UNUSED_MS)
    .sort((a, b) => b.createdAt - a.createdAt);
  for (const runner of unneeded.slice(0, Math.max(0, surplus))) {
    fleet.stop(runner, 'stopped', 'no request needs it any more', 0);
  }
}

/**
 * Old runners serve until new ones are ready, so for a time there may be more than `max_concurrency`. Those that are
 * not ready yet would never be of use. `recreate` lets all of them go first. While the new revision fails to start, all
 * of them stay.
 */
function replaceOldRevisions(fleet: Projection, spec: AppSpec, target: number): void {
  stopOldStarts(fleet, spec);
  const { strategy } = fleet.observation;
  const old = fleet.old.filter(ready).sort((a, b) => a.inFlight - b.inFlight || a.createdAt - b.createdAt);
  const replaced = fleet.current.filter(ready).length;
  const failed = fleet.trial?.failed ?? false;
  const needed = strategy === 'recreate' ? 0 : Math.min(old.length, Math.max(0, target - replaced));
  const makesRoom = needed > 0 && replaced === 0 && lacksRoom(fleet);
  const kept = failed ? old.length : makesRoom ? Math.min(needed, old.length - 1) : needed;
  const grace = strategy === 'recreate' ? graceMs(spec) : spec.request_timeout * 1000 + graceMs(spec);
  for (const runner of old.slice(0, old.length - kept)) fleet.drain(runner, 'a newer revision was deployed', grace);
  stopOldStarts(fleet, spec);
  setFloors(fleet, new Set(old.map((runner) => runner.revision)), Math.min(kept, target), target);
}

/** The adaptive policy's part of shrinking. A runner that took a request meanwhile finishes it. */
function releaseSurplus(fleet: Projection, spec: AppSpec, target: number): void {
  const grace = spec.request_timeout * 1000 + graceMs(spec);
  for (const runner of surplus(fleet.observation, fleet.current, target)) fleet.drain(runner, RELEASED, grace);
}

const RELEASED = 'so many at a time have not been needed for long enough';

function stopOldStarts(fleet: Projection, spec: AppSpec): void {
  for (const runner of fleet.old.filter(starting)) {
    if (fleet.mayServeOn(runner)) continue;
    fleet.stop(runner, 'stopped', 'a newer revision was deployed before it was ready', graceMs(spec));
  }
}

function setFloors(fleet: Projection, old: ReadonlySet<string>, kept: number, target: number): void {
  const { trial } = fleet;
  const fallback = trial?.fallsBack ? trial.fallback : undefined;
  for (const revision of old) if (revision !== fallback) fleet.setFloor(revision, kept);
  if (fallback !== undefined) fleet.setFloor(fallback, target);
  fleet.setFloor(fleet.observation.revision, target);
}

/** True when the new revision found no place to run and no old runner has made way since: on one machine, none will. */
function lacksRoom(fleet: Projection): boolean {
  const { unplacedAt } = startBackOff(fleet.current);
  if (unplacedAt === undefined) return false;
  return !fleet.old.some((runner) => leaving(runner) || (!alive(runner) && runner.stateSince > unplacedAt));
}

/** While starts fail, one runner at a time tries; its success lets the others follow. */
function launchMissing(fleet: Projection, backOff: StartBackOff, target: number): void {
  const present = capacity(fleet.current);
  const missing = target - present.length;
  if (missing <= 0 || fleet.now < backOff.until) return;
  const count = backOff.failedStarts === 0 ? missing : present.some(starting) ? 0 : 1;
  if (count > 0) fleet.actions.push({ kind: 'launch', count, failedStarts: backOff.failedStarts });
}

function leaving(runner: RunnerRecord): boolean {
  return alive(runner) && (runner.drain !== undefined || runner.state === 'TERMINATING');
}

function graceMs(spec: AppSpec): number {
  return spec.termination_grace_period_seconds * 1000;
}
