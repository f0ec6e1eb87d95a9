/**
 * What earlier pauses of an app say about the one that began: for how long keeping a runner is worth it, and when to start
 * one ahead of the next call. Costs are milliseconds of GPU time. Pauses are taken as equally likely to come again, and one
 * more that is longer than all of them: nobody knows the future.
 */

/** With fewer seen, nothing is concluded. */
export const PAUSES_TO_KNOW = 4;

/**
 * For how long to keep a runner through a pause, when ending it costs `restart` once it is needed again. `bound` at the most,
 * and as long as too little is known.
 */
export function worthwhileIdleMs(pauses: readonly number[], restart: number, bound: number): number {
  if (pauses.length < PAUSES_TO_KNOW) return bound;
  const ended = pauses.filter((pause) => pause < bound).sort((a, b) => a - b);
  const costs = [...ended, bound].map((ms, place) => ({ ms, cost: costOf(ended, pauses.length, place, ms, restart) }));
  costs.push({ ms: 0, cost: (pauses.length + 1) * restart });
  const least = costs.reduce((best, { cost }) => Math.min(best, cost), Infinity);
  return costs.reduce((longest, { ms, cost }) => (cost <= IN_DOUBT * least ? Math.max(longest, ms) : longest), 0);
}

/** What costs hardly more than the best is as good: the longer time is taken, which is nearer to the user's. */
const IN_DOUBT = 1.05;

/** The cost of leaving after `ms`, which the first `place` + 1 of the pauses `ended` do not exceed. */
function costOf(ended: readonly number[], seen: number, place: number, ms: number, restart: number): number {
  const bridged = ended.slice(0, place + 1);
  const longer = seen + 1 - bridged.length;
  return bridged.reduce((sum, pause) => sum + pause, 0) + longer * (ms + restart);
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
      if (gain > bestGain) {
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
