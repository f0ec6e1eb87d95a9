/**
 * How many requests come, and how many will. A rate that was seen for two minutes may be gone in two more; one that was seen
 * for an hour is likely to last. So the rate is measured over several times, and each is expected to go back to that of the
 * next longer one; the longest is expected to last.
 */

/** By place: how quickly the rate that is measured there forgets, ms. */
const MEASURED_OVER_MS: readonly number[] = [120_000, 600_000, 3_600_000];

/** Requests per millisecond by place in `MEASURED_OVER_MS`, `passedMs` after `before`, in which `arrived` came. */
export function ratesLearned(before: readonly number[], arrived: number, passedMs: number): readonly number[] {
  return MEASURED_OVER_MS.map((overMs, place) => faded(before[place], passedMs, overMs) + arrived / overMs);
}

/** Requests per millisecond to expect in the mean of the next `aheadMs`, when the rates were learned `passedMs` ago. */
export function rateAhead(
  rates: readonly number[],
  {
    knownForMs,
    passedMs,
    aheadMs,
  }: { readonly knownForMs: number; readonly passedMs: number; readonly aheadMs: number },
): number {
  let mean = 0;
  let longer: number | undefined;
  for (let place = MEASURED_OVER_MS.length - 1; place >= 0; place -= 1) {
    const overMs = MEASURED_OVER_MS[place] ?? Infinity;
    const rate = faded(rates[place], passedMs, overMs) / shareKnown(knownForMs, overMs);
    mean += longer === undefined ? rate : (rate - longer) * shareLeft(aheadMs, overMs);
    longer = rate;
  }
  return Math.max(0, mean);
}

function faded(rate: number | undefined, passedMs: number, overMs: number): number {
  return (rate ?? 0) * Math.exp(-passedMs / overMs);
}

/** An app that is known for a minute has not had an hour in which its requests could have come. */
function shareKnown(knownForMs: number, overMs: number): number {
  return 1 - Math.exp(-Math.max(knownForMs, MEASURED_OVER_MS[0] ?? 0) / overMs);
}

/** How much of a deviation that fades in `overMs` is there in the mean of the time ahead. */
function shareLeft(aheadMs: number, overMs: number): number {
  return aheadMs <= 0 ? 1 : (overMs / aheadMs) * (1 - Math.exp(-aheadMs / overMs));
}
