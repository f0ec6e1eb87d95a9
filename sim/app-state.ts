/** One app in a simulation: who waits, who works, which runners it has. */
import { alive, type RunnerRecord } from '../runtime/domain/runner';
import { BACK_OFF_MEMORY_MS } from '../runtime/domain/start-back-off';
import type { Placement } from './machines';
import type { AppProfile, AppScaler, AppView } from './policy';
import type { WaitingLine } from './waiting-line';

/** A record whose counters the simulation changes in place: a request more allocates nothing. */
export type LiveRecord = { -readonly [Key in keyof RunnerRecord]: RunnerRecord[Key] };

export interface SimulatedRunner {
  readonly number: number;
  readonly app: AppState;
  record: LiveRecord;
  placement: Placement | undefined;
  placedAt: number;
  /** Requests it works on. */
  readonly requests: number[];
  /** Slots that were woken and have not claimed yet. */
  woken: number;
  /** When it next looks whether it may retire; Infinity when nobody planned that. */
  retireCheckAt: number;
  /** True when it would have retired but for the floor. */
  held: boolean;
}

export class AppState implements AppView {
  now = 0;
  inProgress = 0;
  arrivals = 0;
  floor = 0;
  fleetVersion = 0;
  ready = 0;
  /** Slots of all runners that were woken and have not claimed yet. */
  woken = 0;
  /** Runners with a free slot that nobody woke, in order of last use. */
  readonly free: SimulatedRunner[] = [];
  readonly fleet: SimulatedRunner[] = [];
  /** Requests that wait for the back-off of a retry. */
  readonly backingOff = new Set<number>();
  /** When the controller looks next; Infinity when nobody planned that. */
  lookAt = Infinity;
  pokeAt = -Infinity;
  pokePlanned = false;
  private demandSince = 0;
  private demandSum = 0;
  private failed: RunnerRecord[] = [];
  private latestReady: RunnerRecord | undefined;
  private listed: readonly RunnerRecord[] | undefined = [];

  constructor(
    readonly number: number,
    readonly profile: AppProfile,
    readonly scaler: AppScaler,
    readonly line: WaitingLine,
    private readonly arrivalMs: Float64Array,
  ) {}

  get waiting(): number {
    return this.line.length + this.backingOff.size;
  }

  get demandIntegral(): number {
    return this.demandSum + (this.waiting + this.inProgress) * (this.now - this.demandSince);
  }

  get runners(): readonly RunnerRecord[] {
    this.listed ??= [...this.fleet.map(({ record }) => record), ...this.remembered];
    return this.listed;
  }

  get nextForgetting(): number {
    let next = Infinity;
    for (const runner of this.remembered) next = Math.min(next, runner.stateSince + BACK_OFF_MEMORY_MS);
    return next;
  }

  waitingSince(time: number): number {
    if (this.waiting === 0) return 0;
    let count = this.line.arrivedBy(time, this.arrivalMs);
    for (const request of this.backingOff) if ((this.arrivalMs[request] ?? 0) <= time) count += 1;
    return count;
  }

  nextWaitingAfter(time: number): number {
    let next = this.line.arrivalAfter(time, this.arrivalMs);
    for (const request of this.backingOff) {
      const at = this.arrivalMs[request] ?? 0;
      if (at > time) next = Math.min(next, at);
    }
    return next;
  }

  /** To be called before waiting or in progress change. */
  settleDemand(now: number): void {
    this.now = now;
    this.demandSum = this.demandIntegral;
    this.demandSince = now;
  }

  /** To be called when runners came, went or changed their state. */
  fleetChanged(): void {
    this.fleetVersion += 1;
    this.listed = undefined;
  }

  /**
   * Takes a runner that is gone off the fleet. Of those gone, back-off rules need the failed starts and the latest
   * success: an earlier success hides no failure that the latest does not.
   */
  bury(runner: SimulatedRunner): void {
    this.fleet.splice(this.fleet.indexOf(runner), 1);
    const { record } = runner;
    if (record.readyAt === undefined) {
      if (record.exit !== 'stopped' && record.exit !== 'drained') this.failed.push(record);
    } else if (record.readyAt >= (this.latestReady?.readyAt ?? -1)) this.latestReady = record;
    this.fleetChanged();
  }

  /** Forgets who left long ago. */
  forget(now: number): void {
    if (this.nextForgetting > now) return;
    const kept = (runner: RunnerRecord): boolean => runner.stateSince + BACK_OFF_MEMORY_MS > now;
    this.failed = this.failed.filter(kept);
    if (this.latestReady !== undefined && !kept(this.latestReady)) this.latestReady = undefined;
    this.fleetChanged();
  }

  private get remembered(): readonly RunnerRecord[] {
    return this.latestReady === undefined ? this.failed : [this.latestReady, ...this.failed];
  }
}

/** True while the runner has a slot that neither works nor was woken. */
export function hasFreeSlot({ record, requests, woken, app }: SimulatedRunner): boolean {
  return servable(record) && requests.length + woken < app.profile.spec.max_multiplexing;
}

/** True for a runner that may claim. */
export function servable(record: RunnerRecord): boolean {
  return alive(record) && (record.state === 'IDLE' || record.state === 'RUNNING') && record.drain === undefined;
}
