/** What policies would have cost on one trace, and how long callers would have waited. */
import { parseAppSpec, type AppSpec } from '../runtime/domain/app-spec';
import type { MachinePool } from './machines';
import type { ScalingPolicy } from './policy';
import { simulate, type SimulationResult } from './simulation';
import { startTimes } from './start-times';
import type { Trace } from './trace';
import { quoted } from './trace-csv';

export interface ComparisonSettings {
  /** A start with nothing warm, in seconds. */
  readonly startSeconds: number;
  /** Machines serve all apps, and stay warm for `machineKeepAliveSeconds` when empty. */
  readonly sharedMachines?: boolean;
  readonly machineKeepAliveSeconds?: number;
  readonly seed?: number;
  /** From a decision until the fleet has it, seconds. */
  readonly lagSeconds?: number;
  /** Coefficient of variation of the stages of a start. */
  readonly startVariation?: number;
}

/** One policy at one value of its knob. Waits are seconds, `delayed_share` is from 0 to 1. */
export interface ComparisonRow {
  readonly policy: string;
  readonly knob: string;
  readonly mean_wait_s: number;
  readonly p50_wait_s: number;
  readonly p95_wait_s: number;
  readonly gpu_hours: number;
  readonly starts: number;
  readonly delayed_share: number;
  /** Requests that were never served: what waits say leaves them out. */
  readonly unserved: number;
}

/** A request that waited for longer was delayed: agents take up to a fifth of a second to claim. */
export const DELAYED_MS = 1_000;

const SHARED_KEEP_ALIVE_S = 300;

export function compare(
  trace: Trace,
  policies: readonly ScalingPolicy[],
  settings: ComparisonSettings,
): readonly ComparisonRow[] {
  return policies.map((policy) => rowOf(policy, simulate(trace, simulationSettings(policy, settings))));
}

const COLUMNS = [
  'policy',
  'knob',
  'mean_wait_s',
  'p50_wait_s',
  'p95_wait_s',
  'gpu_hours',
  'starts',
  'delayed_share',
] as const satisfies readonly (keyof ComparisonRow)[];

export function formatRowsCsv(rows: readonly ComparisonRow[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => quoted(String(row[column]))).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
}

/** The value that a share of the sorted values does not exceed (nearest rank); NaN of none. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function rowOf(policy: Pick<ScalingPolicy, 'name' | 'knob'>, result: SimulationResult): ComparisonRow {
  const waits = result.waitMs.filter((wait) => !Number.isNaN(wait)).sort();
  const delayed = waits.filter((wait) => wait > DELAYED_MS).length;
  return {
    policy: policy.name,
    knob: policy.knob,
    mean_wait_s: rounded(waits.reduce((sum, wait) => sum + wait, 0) / waits.length / 1000),
    p50_wait_s: rounded(percentile(waits, 0.5) / 1000),
    p95_wait_s: rounded(percentile(waits, 0.95) / 1000),
    gpu_hours: rounded(result.gpuHours),
    starts: result.starts,
    delayed_share: rounded(delayed / waits.length),
    unserved: result.deadLetters + result.unfinished,
  };
}

function simulationSettings(policy: ScalingPolicy, settings: ComparisonSettings): Parameters<typeof simulate>[1] {
  const { startSeconds, startVariation = 0, seed = 1, lagSeconds = 0 } = settings;
  return {
    policy,
    startTimes: startTimes(startSeconds, startVariation),
    spec: comparedSpec,
    machines: machinesOf(settings),
    seed,
    lagMs: 1000 * lagSeconds,
  };
}

/** As many runners as wanted, and starts that are not given up: what differs is the policy. */
function comparedSpec(): AppSpec {
  return SPEC;
}

const SPEC = parseAppSpec({ name: 'app', max_concurrency: 1000, startup_timeout: 86_400 });

function machinesOf({ sharedMachines = false, machineKeepAliveSeconds }: ComparisonSettings): Partial<MachinePool> {
  if (sharedMachines) return { shared: true, keepAliveMs: 1000 * (machineKeepAliveSeconds ?? SHARED_KEEP_ALIVE_S) };
  return machineKeepAliveSeconds === undefined ? {} : { keepAliveMs: 1000 * machineKeepAliveSeconds };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
