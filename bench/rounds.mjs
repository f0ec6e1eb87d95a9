/** Runs all contenders in turn, round by round, so that whatever disturbs the machine for a while disturbs them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median, percentile } from './load.mjs';

/**
 * 64 operations, what the apps may work on at a time, show throughput; one at a time shows latency. It comes second: by
 * then the code is compiled, as it is in a server that has run for a while.
 */
const IN_FLIGHT = [64, 1];

const PAUSE_MS = 500;

/**
 * @returns a result for each contender: `{ name, paths }`, where `paths[path][inFlight]` has the medians over the rounds,
 *   or `{ name, failure }` with the reason why there is nothing to show
 */
export async function runRounds(contenders, { rounds, warmUpMs, durationMs, report }) {
  const measured = contenders.map((contender) => ({ contender, samples: new Map() }));
  for (const one of measured) await attempt(one, () => one.contender.prepare(), 'prepared');
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of measured) {
      if (one.failure !== undefined) continue;
      report(`Round ${round} of ${rounds}: ${one.contender.name}`);
      await attempt(one, () => measure(one, { warmUpMs, durationMs }));
      if (one.failure !== undefined) report(`  ${one.failure}`);
      await sleep(PAUSE_MS);
    }
  }
  return measured.map(resultOf);
}

async function attempt(one, step, keptAs) {
  try {
    const result = await step();
    if (keptAs !== undefined) one[keptAs] = result;
  } catch (error) {
    one.failure = error.message;
  }
}

async function measure({ contender, prepared, samples }, duration) {
  const started = await contender.start(prepared);
  try {
    for (const [path, load] of Object.entries(started.paths)) {
      for (const inFlight of IN_FLIGHT) {
        const { perSecond, latencies } = await load({ inFlight, ...duration });
        const sample = { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
        const key = `${path} ${inFlight}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  } finally {
    await started.stop();
  }
}

function resultOf({ contender: { name }, failure, samples }) {
  if (failure !== undefined) return { name, failure };
  const paths = {};
  for (const [key, taken] of samples) {
    const [path, inFlight] = key.split(' ');
    const medianOf = (field) => median(taken.map((sample) => sample[field]));
    (paths[path] ??= {})[inFlight] = {
      perSecond: medianOf('perSecond'),
      p50: medianOf('p50'),
      p99: medianOf('p99'),
    };
  }
  return { name, paths };
}
