import type { ComparisonRow } from '../../sim/compare';
import { advantages, frontierOf, hull } from '../../sim/frontier';
import { frontierSvg } from '../../sim/frontier-plot';
import { advantageTable } from '../../sim/frontier-table';
import { policiesNamed } from '../../sim/policies';
import { requests } from './scenario';

function row(policy: string, gpuHours: number, meanWait: number): ComparisonRow {
  return {
    policy,
    knob: '',
    mean_wait_s: meanWait,
    p50_wait_s: 0,
    p95_wait_s: meanWait,
    gpu_hours: gpuHours,
    starts: 0,
    delayed_share: 0,
    unserved: 0,
  };
}

test('points that a mixture of two others beats are not on the frontier', () => {
  const points = [row('a', 1, 100), row('b', 2, 90), row('c', 3, 10), row('d', 4, 50)];
  expect(hull(points, 'mean_wait_s').map(({ policy }) => policy)).toEqual(['a', 'c']);
});

test('a point is compared with the best of the others at the same GPU-hours', () => {
  const [half, cheap, dear] = advantages(
    [row('peer', 2, 100), row('peer', 4, 50), row('mine', 3, 60), row('mine', 1, 500), row('mine', 9, 60)],
    'mine',
    'mean_wait_s',
  );
  expect(half?.others).toBe(75);
  expect(half?.spared).toBeCloseTo(0.2);
  expect(cheap?.others).toBeUndefined();
  expect(dear?.spared).toBeCloseTo(-0.2);
});

test('a frontier becomes a table and a plot with all its policies', () => {
  const trace = { name: 'a<b', use: 'report' as const, trace: requests([0, 10], [500, 10], [1000, 10]) };
  const frontier = frontierOf(trace, policiesNamed(['fal', 'adaptive']), { startSeconds: 300 });
  expect(
    advantageTable([frontier])
      .split('\n')
      .filter((line) => line.includes('keep_alive')),
  ).toHaveLength(9);
  const svg = frontierSvg(frontier);
  expect(svg).toContain('a&lt;b');
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).not.toContain('NaN');
});
