/** The load generator: a closed loop that keeps a number of operations in flight and takes the time of each. */

/**
 * Repeats `operation` with `inFlight` of them at a time. What begins in the warm-up doesn't count, nor what ends after
 * the time is up. Rejects with the first operation that fails: a number with failures in it means nothing.
 *
 * @returns operations a second, and the latencies in ms, shortest first
 */
export async function load(operation, { inFlight, warmUpMs, durationMs }) {
  const start = performance.now() + warmUpMs;
  const end = start + durationMs;
  const latencies = [];
  let finished = 0;
  const loop = async () => {
    for (let begun = performance.now(); begun < end;) {
      await operation();
      const now = performance.now();
      if (now >= start && now < end) finished += 1;
      if (begun >= start && now < end) latencies.push(now - begun);
      begun = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  if (latencies.length === 0) throw new Error(`nothing was answered within ${durationMs} ms`);
  return { perSecond: (finished * 1000) / durationMs, latencies: latencies.sort((a, b) => a - b) };
}

/** The value below which `share` (0 to 1) of the sorted values lie. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
