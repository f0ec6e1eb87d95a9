import { Departures } from '../../../runtime/controller/departures';
import { readyRunner, runnerRecord } from '../../support/records';
import type { RunnerRecord } from '../../../runtime/domain/runner';

const NOW = 10_000_000;
const leaving = (id: string): RunnerRecord => ({ ...readyRunner(NOW), id, state: 'TERMINATING' });
const gone = (id: string, createdAt = NOW - 1): RunnerRecord =>
  runnerRecord({ id, createdAt, state: 'TERMINATED', exit: 'retired', exitReason: 'idle for keep_alive (1 s)' });

test('runners that leave one after the other are counted down, those on their way out included', () => {
  const departures = new Departures();
  const looks = [
    [leaving('a'), leaving('b'), leaving('c')],
    [gone('a'), leaving('b'), leaving('c')],
    [gone('a'), gone('b'), leaving('c')],
    [gone('a'), gone('b'), gone('c')],
  ];
  expect(looks.map((runners) => departures.note('owner/app', runners, NOW)?.reason)).toEqual([
    undefined,
    '3 → 2 runners: idle for keep_alive (1 s)',
    '2 → 1 runners: idle for keep_alive (1 s)',
    '1 → 0 runners: idle for keep_alive (1 s)',
  ]);
});

test('nothing is said twice, and nothing of runners that were gone before the first look', () => {
  const departures = new Departures();
  expect(departures.note('owner/app', [gone('before'), leaving('a')], NOW)).toBeUndefined();
  expect(departures.note('owner/app', [gone('before'), gone('a')], NOW)).toMatchObject({
    actions: ['runner a left: retired'],
  });
  expect(departures.note('owner/app', [gone('before'), gone('a')], NOW)).toBeUndefined();
});

test('a runner that came and went between two looks is told of once', () => {
  const departures = new Departures();
  const crashed = gone('a', NOW + 5);
  expect(departures.note('owner/app', [], NOW)).toBeUndefined();
  expect(departures.note('owner/app', [crashed], NOW + 10)?.reason).toMatch(/^1 → 0 runners/);
  expect(departures.note('owner/app', [crashed], NOW + 20)).toBeUndefined();
});
