/** Frontiers as a table in Markdown. */
import { advantages, type Advantage, type Frontier } from './frontier';

export function advantageTable(frontiers: readonly Frontier[]): string {
  const rows = frontiers.flatMap((frontier) => {
    const byMean = advantages(frontier.rows, 'adaptive', 'mean_wait_s');
    const byP95 = advantages(frontier.rows, 'adaptive', 'p95_wait_s');
    return byMean.map((mean, place) => cells(frontier, mean, byP95[place]));
  });
  return [HEADER, ...rows.map((row) => `| ${row.join(' | ')} |`), ''].join('\n');
}

const HEADER = [
  '| trace | start, s | knob | GPU-hours | bound | mean wait, s | best other | spared | p95, s | best other |',
  '|---|---|---|---|---|---|---|---|---|---|',
].join('\n');

function cells(frontier: Frontier, mean: Advantage, p95: Advantage | undefined): readonly string[] {
  return [
    frontier.trace,
    String(frontier.startSeconds),
    mean.row.knob,
    mean.row.gpu_hours.toFixed(1),
    frontier.boundGpuHours.toFixed(1),
    mean.row.mean_wait_s.toFixed(1),
    mean.others?.toFixed(1) ?? '–',
    mean.spared === undefined ? '–' : `${(100 * mean.spared).toFixed(0)} %`,
    mean.row.p95_wait_s.toFixed(0),
    p95?.others?.toFixed(0) ?? '–',
  ];
}
