/** Waiting against GPU time: the points that policies reach over their knobs, and how far one is from the best of others. */
import { compare, type ComparisonRow, type ComparisonSettings } from './compare';
import { clairvoyantGpuHours } from './clairvoyant';
import type { ScalingPolicy } from './policy';
import type { NamedTrace } from './traces/named';

export interface Frontier {
  readonly trace: string;
  readonly use: NamedTrace['use'];
  readonly startSeconds: number;
  readonly rows: readonly ComparisonRow[];
  /** The least GPU-hours that serve every request at once. */
  readonly boundGpuHours: number;
}

export function frontierOf(
  { name, use, trace }: NamedTrace,
  policies: readonly ScalingPolicy[],
  settings: ComparisonSettings,
): Frontier {
  return {
    trace: name,
    use,
    startSeconds: settings.startSeconds,
    rows: compare(trace, policies, settings),
    boundGpuHours: clairvoyantGpuHours(trace, settings.startSeconds),
  };
}

export type Measure = 'mean_wait_s' | 'p95_wait_s';

/** How one point of a policy compares with the best that others reach with the same GPU time. */
export interface Advantage {
  readonly row: ComparisonRow;
  /** What the others wait; absent where none of them manages with so little GPU time. */
  readonly others?: number;
  /** Share of the others' waiting that is spared; negative where they wait less. */
  readonly spared?: number;
}

/** Compares each point of a policy with the mixture of two points of others that waits least at the same GPU-hours. */
export function advantages(rows: readonly ComparisonRow[], policy: string, measure: Measure): readonly Advantage[] {
  const others = hull(
    rows.filter((row) => row.policy !== policy && row.unserved === 0),
    measure,
  );
  return rows
    .filter((row) => row.policy === policy)
    .map((row) => {
      const best = waitAt(others, row.gpu_hours, measure);
      return best === undefined || best === 0 ? { row } : { row, others: best, spared: 1 - row[measure] / best };
    });
}

/** The points that no mixture of two others beats, by rising GPU-hours. */
export function hull(rows: readonly ComparisonRow[], measure: Measure): readonly ComparisonRow[] {
  const sorted = [...rows].sort((a, b) => a.gpu_hours - b.gpu_hours || a[measure] - b[measure]);
  const kept: ComparisonRow[] = [];
  for (const row of sorted) {
    const last = kept[kept.length - 1];
    if (last !== undefined && row[measure] >= last[measure]) continue;
    while (kept.length > 1 && !bends(kept[kept.length - 2], kept[kept.length - 1], row, measure)) kept.pop();
    kept.push(row);
  }
  return kept;
}

function bends(
  a: ComparisonRow | undefined,
  b: ComparisonRow | undefined,
  c: ComparisonRow,
  measure: Measure,
): boolean {
  if (a === undefined || b === undefined) return true;
  const share = (b.gpu_hours - a.gpu_hours) / (c.gpu_hours - a.gpu_hours);
  return b[measure] < a[measure] + share * (c[measure] - a[measure]);
}

function waitAt(points: readonly ComparisonRow[], gpuHours: number, measure: Measure): number | undefined {
  const after = points.findIndex((point) => point.gpu_hours >= gpuHours);
  const last = points[points.length - 1];
  if (after < 0) return last?.[measure];
  const right = points[after];
  const left = points[after - 1];
  if (right === undefined) return undefined;
  if (left === undefined) return right.gpu_hours === gpuHours ? right[measure] : undefined;
  const share = (gpuHours - left.gpu_hours) / (right.gpu_hours - left.gpu_hours);
  return left[measure] + share * (right[measure] - left[measure]);
}
