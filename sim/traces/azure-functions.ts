/**
 * A day of 1,000 functions, a sample of the Azure Functions Dataset 2019. Attribution: Azure Functions Dataset 2019,
 * Shahrad et al., ATC'20 (CC-BY-4.0); sampled in github.com/vhive-serverless/invitro @ cb0077f3, data/traces/10-1000-10
 * (MIT); licences beside the data.
 *
 * Assumed: each function is an app. The data has calls by minute: they arrive at random within it, evenly. It has
 * percentiles of execution times: each call draws one by linear interpolation, times `serviceScale`, or 1.5 s where there
 * are none. Functions of CPU clouds are called far more often than GPU apps: `maxCallsADay` leaves
 * the busier ones out, which keeps the many that are rarely used.
 */
import type { Random } from '../random';
import { traceOf, type Trace, type TraceRequest } from '../trace';
import { dataLines } from './data-file';

export interface AzureFunctionsSettings {
  /** Functions with more calls are left out. */
  readonly maxCallsADay?: number;
  /** Execution times are multiplied by this. */
  readonly serviceScale?: number;
}

export function azureFunctionsTrace(root: string, random: Random, settings: AzureFunctionsSettings = {}): Trace {
  const invocations = dataLines(root, 'azure_functions/1000_inv.csv.gz');
  return parseAzureFunctions(invocations, dataLines(root, 'azure_functions/1000_run.csv.gz'), random, settings);
}

/** Reads the lines of the invocations and of the execution times, each below a header. */
export function parseAzureFunctions(
  invocations: readonly string[],
  executions: readonly string[],
  random: Random,
  { maxCallsADay = Infinity, serviceScale = 1 }: AzureFunctionsSettings = {},
): Trace {
  const curves = new Map(executions.slice(1).map((line) => executionCurve(line.split(','))));
  const requests: TraceRequest[] = [];
  for (const line of invocations.slice(1)) {
    const [name = '', , , ...minutes] = line.split(',');
    const counts = minutes.map(Number);
    if (counts.reduce((sum, count) => sum + count, 0) > maxCallsADay) continue;
    const curve = curves.get(name) ?? UNKNOWN_CURVE;
    counts.forEach((count, minute) => {
      for (let call = 0; call < count; call += 1) {
        const arrivalMs = 60_000 * (minute + random.unit());
        requests.push({ app: name, arrivalMs, serviceMs: serviceScale * drawn(curve, random.unit()) });
      }
    });
  }
  return traceOf(requests);
}

/** Execution times, ms, at `SHARES`. */
type Curve = readonly number[];

const SHARES = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1];

/** For functions whose execution times are not in the data: about the median of the others. */
const UNKNOWN_CURVE: Curve = SHARES.map(() => 1_500);

function executionCurve([name = '', , , , , , , ...percentiles]: readonly string[]): readonly [string, Curve] {
  return [name, percentiles.map(Number)];
}

/** The execution time below which a share of the calls lies. */
export function drawn(curve: Curve, share: number): number {
  const after = SHARES.findIndex((known) => known > share);
  const from = SHARES[after - 1] ?? 0;
  const until = SHARES[after] ?? 1;
  const least = curve[after - 1] ?? 0;
  return least + ((share - from) / (until - from)) * ((curve[after] ?? least) - least);
}
