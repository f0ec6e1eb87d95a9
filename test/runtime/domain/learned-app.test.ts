import { lookAt } from '../../../runtime/domain/app-look';
import { learned, nothingLearned, serviceKnown, type LearnedApp, type Look } from '../../../runtime/domain/learned-app';
import { readyRunner, runnerRecord } from '../../support/records';

const quiet = (now: number): Look => ({ now, waiting: 0, inProgress: 0, begun: 0, startsMs: [] });
const after = (...looks: readonly Look[]): LearnedApp => looks.reduce(learned, nothingLearned(0));

test('the time a request takes is the time that was worked, by requests', () => {
  const looks = [1, 2, 3, 4].flatMap((hour) => [
    { ...quiet(hour * 3_600_000), begun: 1, inProgress: 1 },
    quiet(hour * 3_600_000 + 20_000),
  ]);
  expect(serviceKnown(after(...looks))).toEqual({ ms: 20_000, from: 4 });
});

test('the time a start takes is the mean of those seen', () => {
  expect(after({ ...quiet(1), startsMs: [100_000, 200_000] })).toMatchObject({ starts: 2, startMs: 150_000 });
});

test('a pause lasts from when the requests were gone until the next one', () => {
  const known = after({ ...quiet(1_000), begun: 1, inProgress: 1 }, quiet(5_000), {
    ...quiet(65_000),
    begun: 1,
    inProgress: 1,
  });
  expect(known.levels[0]?.pauses).toEqual([60_000]);
});

test('a request that came and went between two looks ends a pause', () => {
  const known = after({ ...quiet(1_000), begun: 1 }, { ...quiet(100_000), begun: 1 });
  expect(known.levels[0]?.pauses).toEqual([99_000]);
});

test('a look back in time teaches nothing', () => {
  const known = after(quiet(10_000));
  expect(learned(known, { ...quiet(5_000), begun: 9 })).toBe(known);
});

test('what was learned survives being stored', () => {
  const known = after({ ...quiet(1_000), begun: 3, inProgress: 2, startsMs: [4_000] }, quiet(9_000));
  expect(JSON.parse(JSON.stringify(known))).toEqual(known);
});

test('requests are counted by what runners took, those that left since included', () => {
  const before = { at: 1_000, taken: 5 };
  const runners = [
    readyRunner(2_000, { id: 'stays', served: 4 }),
    runnerRecord({ id: 'left', state: 'TERMINATED', stateSince: 1_500, served: 3 }),
    runnerRecord({ id: 'left before', state: 'TERMINATED', stateSince: 500, served: 100 }),
  ];
  const { look, counted } = lookAt(before, runners, { waiting: 0, inProgress: 0 }, 2_000);
  expect(look.begun).toBe(2);
  expect(counted).toEqual({ at: 2_000, taken: 4 });
});

test('a start is counted once, at the look after it ended', () => {
  const runner = readyRunner(9_000, { createdAt: 1_000, readyAt: 6_000 });
  const first = lookAt({ at: 5_000, taken: 0 }, [runner], { waiting: 0, inProgress: 0 }, 9_000);
  expect(first.look.startsMs).toEqual([5_000]);
  expect(lookAt(first.counted, [runner], { waiting: 0, inProgress: 0 }, 10_000).look.startsMs).toEqual([]);
});
