/** What the scalers of peers have in common: counting a fleet and bringing it to a size. */
import { ready, starting, type RunnerRecord } from '../../runtime/domain/runner';
import type { ScalingAction } from '../../runtime/domain/scaling';
import { REVISION } from '../controller';
import type { AppView } from '../policy';

/** Runners that serve or will: replicas that a resize counts. */
export function capacity(view: Pick<AppView, 'runners'>): readonly RunnerRecord[] {
  return view.runners.filter((runner) => ready(runner) || (starting(runner) && runner.drain === undefined));
}

export function readyCount(view: Pick<AppView, 'runners'>): number {
  return view.runners.filter(ready).length;
}

/** Requests that wait or run. */
export function demandOf(view: Pick<AppView, 'waiting' | 'inProgress'>): number {
  return view.waiting + view.inProgress;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

export function launch(count: number): ScalingAction {
  return { kind: 'launch', count, failedStarts: 0 };
}

export function floor(size: number): ScalingAction {
  return { kind: 'setFloor', revision: REVISION, floor: size };
}

/** A runner is told to end: it has `graceMs` for what it works on. */
export function leave(runner: RunnerRecord, graceMs: number): ScalingAction {
  return { kind: 'drain', runner: runner.id, reason: 'fewer replicas are wanted', graceMs };
}

/** Launches what is missing, or makes the first of `victims` leave until `desired` are left. */
export function resized(
  view: Pick<AppView, 'runners'>,
  desired: number,
  graceMs: number,
  victims: (runners: readonly RunnerRecord[]) => readonly RunnerRecord[],
): readonly ScalingAction[] {
  const present = capacity(view);
  if (desired > present.length) return [launch(desired - present.length)];
  if (desired === present.length) return [];
  return victims(present)
    .slice(0, present.length - desired)
    .map((runner) => leave(runner, graceMs));
}

/** Those that are not ready go first, then the youngest; whether they work does not count. */
export function youngestFirst(runners: readonly RunnerRecord[]): readonly RunnerRecord[] {
  return [...runners].sort(
    (a, b) => Number(ready(a)) - Number(ready(b)) || b.createdAt - a.createdAt || Number(b.id) - Number(a.id),
  );
}

/** A value that grows, as it was at earlier looks: the mean of its growth over a window. */
export class GrowthWindow {
  private readonly samples: { readonly at: number; readonly value: number }[] = [];

  constructor(private readonly longestMs: number) {}

  record(at: number, value: number): void {
    this.samples.push({ at, value });
    while ((this.samples[1]?.at ?? Infinity) <= at - this.longestMs) this.samples.shift();
  }

  /** Growth over the last `windowMs`, and the time it really spans: less after a beginning. */
  growth(windowMs: number): { readonly value: number; readonly spanMs: number } {
    const last = this.samples[this.samples.length - 1];
    if (last === undefined) return { value: 0, spanMs: 0 };
    let base = this.samples[0] ?? last;
    for (const sample of this.samples) if (sample.at <= last.at - windowMs) base = sample;
    return { value: last.value - base.value, spanMs: last.at - base.at };
  }

  clear(): void {
    this.samples.length = 0;
  }
}
