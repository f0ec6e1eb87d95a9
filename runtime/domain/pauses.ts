/**
 * What earlier pauses of an app say about the one that began: for how long keeping a runner is worth it, and when to start
 * one ahead of the next call. Costs are milliseconds of GPU time. Pauses seen are taken as equally likely to come again, and
 * so is one unlike all of them: nobody knows the future.
 */

/** With fewer seen, nothing is concluded. */
export const PAUSES_TO_KNOW = 4;

/**
 * For how long to keep a runner through a pause, when ending it costs `restart` once it is needed again. `bound` at the most,
 * and as long as too little is known.
 */
export function worthwhileIdleMs(pauses: readonly number[], restart: number, bound: number): number {
  if (pauses.length < PAUSES_TO_KNOW) return bound;
  const sorted = [...pauses].sort((a, b) => a - b);
  let least = (sorted.length + 1) * restart;
  const costs = [{ ms: 0, cost: least }];
  let bridged = 0;
  sorted.forEach((pause, place) => {
    bridged += pause;
    const cost = bridged + (sorted.length - place - 1) * (pause + restart) + costOfUnseen(sorted, pause, restart);
    if (pause < bound) costs.push({ ms: pause, cost });
  });
  for (const ms of [bound, Math.min(bound, restart)]) costs.push({ ms, cost: costOf(sorted, ms, restart) });
  for (const { cost } of costs) least = Math.min(least, cost);
  return costs.reduce((longest, { ms, cost }) => (cost <= IN_DOUBT * least ? Math.max(longest, ms) : longest), 0);
}

/** What costs hardly more than the best is as good: the longer time is taken, which is nearer to the user's. */
const IN_DOUBT = 1.05;

/** The cost of leaving after `ms`. */
function costOf(sorted: readonly number[], ms: number, restart: number): number {
  return sorted.reduce((sum, pause) => sum + (pause <= ms ? pause : ms + restart), costOfUnseen(sorted, ms, restart));
}

/**
 * The same in a pause unlike all before: longer than `x` times the longest with a chance of 1/x. Where that is all one knows,
 * it pays to stay for as long as a restart costs, and no longer.
 */
function costOfUnseen(sorted: readonly number[], ms: number, restart: number): number {
  const longest = Math.max(1, sorted[sorted.length - 1] ?? 1);
  if (ms <= longest) return ms + restart;
  return longest * (1 + Math.log(ms / longest) + restart / ms);
}

/** From when to when, counted from when the last pause ended, a runner should be ready ahead of a call. */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The time in which the next call is so likely that a runner should stand ready: worth it where calls come at regular times.
 * `periods` are times from the end of one pause to the end of the next, `spared` is what a call that finds a runner ready is
 * worth, `start` what a start costs that was for nothing.
 */
export function expectedWindow(periods: readonly number[], spared: number, start: number): Window | undefined {
  if (periods.length < PAUSES_TO_KNOW) return undefined;
  const sorted = [...periods].sort((a, b) => a - b);
  let best: Window | undefined;
  let bestGain = 0;
  sorted.forEach((first, from) => {
    const fromMs = Math.max(0, first - slack(first));
    let held = 0;
    for (let last = from; last < sorted.length; last += 1) {
      const period = sorted[last] ?? 0;
      const untilMs = period + slack(period);
      held += period - fromMs;
      const missed = sorted.length - last;
      const gain = (last - from + 1) * spared - held - missed * (start + untilMs - fromMs);
      if (gain > bestGain && 2 * (last - from + 1) >= sorted.length) {
        bestGain = gain;
        best = { fromMs, untilMs };
      }
    }
  });
  return best;
}

/** Clocks and queues are never exact. */
function slack(period: number): number {
  return 5_000 + period / 100;
}
