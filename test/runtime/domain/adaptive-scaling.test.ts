import fc from 'fast-check';
import { ALL_PARTS, forecast, type Forecast } from '../../../runtime/domain/forecast';
import { nothingLearned } from '../../../runtime/domain/learned-app';
import { decide, targetSize, type ScalingDecision } from '../../../runtime/domain/scaling';
import { explainedDecision } from '../../support/decisions';
import { appSpec, observation, readyRunner } from '../../support/records';

const NOW = 10_000_000;

const FORECAST: Forecast = {
  parts: ALL_PARTS,
  serviceMs: 10_000,
  startMs: 300_000,
  rate: 0,
  worth: 1,
  patienceMs: 600_000,
  kept: Infinity,
  staying: 0,
  expected: 0,
  changesAt: Infinity,
};

const launches = ({ actions }: ScalingDecision): number =>
  actions.reduce((sum, action) => sum + (action.kind === 'launch' ? action.count : 0), 0);
const drained = ({ actions }: ScalingDecision): readonly string[] =>
  actions.flatMap((action) => (action.kind === 'drain' ? [action.runner] : []));

const busy = (id: string): ReturnType<typeof readyRunner> => readyRunner(NOW, { id, state: 'RUNNING', inFlight: 1 });
const idle = (id: string, idleSince: number): ReturnType<typeof readyRunner> => readyRunner(NOW, { id, idleSince });

test('a request waits for a busy runner that is soon through', () => {
  const seen = observation({ waiting: 1, overdue: 1, inProgress: 1, runners: [busy('a')] });
  expect(launches(decide(seen, appSpec(), NOW))).toBe(1);
  expect(launches(decide({ ...seen, forecast: FORECAST }, appSpec(), NOW))).toBe(0);
});

test('a request that has waited for too long counts as fal counts', () => {
  const seen = observation({ waiting: 1, overdue: 1, inProgress: 1, runners: [busy('a')], forecast: FORECAST });
  expect(launches(decide({ ...seen, impatient: 1 }, appSpec(), NOW))).toBe(1);
});

test('while nothing is known, it decides as fal does', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(5), fc.nat(5), (waiting, working, idling) => {
      const runners = [
        ...Array.from({ length: working }, (_, index) => busy(`busy-${index}`)),
        ...Array.from({ length: idling }, (_, index) => idle(`idle-${index}`, NOW - 1_000)),
      ];
      const seen = observation({ waiting, overdue: waiting, inProgress: working, runners });
      const unknowing = forecast(nothingLearned(NOW), appSpec(), runners.length, NOW);
      expect(decide({ ...seen, forecast: unknowing }, appSpec(), NOW)).toEqual(decide(seen, appSpec(), NOW));
    }),
  );
});

test('surplus runners that are idle leave, the one used least recently first', () => {
  const runners = [idle('recent', NOW - 1_000), idle('old', NOW - 30_000)];
  expect(drained(decide(observation({ runners, forecast: { ...FORECAST, kept: 1 } }), appSpec(), NOW))).toEqual([
    'old',
  ]);
});

test('runners that min_concurrency or a buffer wants are kept, and none that works leaves', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.nat(3), fc.nat(4), fc.nat(6), (min, buffer, working, idling) => {
      const spec = appSpec({ min_concurrency: min, concurrency_buffer: buffer, max_concurrency: 20 });
      const runners = [
        ...Array.from({ length: working }, (_, index) => busy(`busy-${index}`)),
        ...Array.from({ length: idling }, (_, index) => idle(`idle-${index}`, NOW - 30_000)),
      ];
      const seen = observation({ inProgress: working, runners, forecast: { ...FORECAST, kept: 0 } });
      const leaving = drained(decide(seen, spec, NOW));
      const { target } = targetSize(seen, spec);
      expect(leaving.every((id) => id.startsWith('idle'))).toBe(true);
      expect(runners.length - leaving.length).toBeGreaterThanOrEqual(Math.min(runners.length, target));
    }),
  );
});

test('runners stand ready for requests that are expected, within max_concurrency', () => {
  const seen = observation({ forecast: { ...FORECAST, expected: 9 } });
  const decision = explainedDecision(seen, appSpec({ max_concurrency: 4 }), NOW);
  expect(launches(decision)).toBe(4);
  expect(decision.reason).toBe('0 → 4 runners: 9 requests expected about now');
});

test('runners that stay on are held by the floor, and none is started to stay', () => {
  const seen = observation({ runners: [idle('a', NOW - 500_000)], forecast: { ...FORECAST, staying: 3 } });
  const { actions } = decide(seen, appSpec(), NOW);
  expect(actions).toEqual([{ kind: 'setFloor', revision: seen.revision, floor: 1 }]);
});

test.each(['waitOrSpawn', 'startAhead', 'stayOn', 'releaseSurplus'] as const)(
  'without %s it decides as fal does where only that part has something to say',
  (part) => {
    const parts = { ...ALL_PARTS, [part]: false };
    const saying = {
      waitOrSpawn: { waiting: 1, overdue: 1, inProgress: 1, runners: [busy('a')], forecast: FORECAST },
      startAhead: { forecast: { ...FORECAST, expected: 9 } },
      stayOn: { runners: [idle('a', NOW - 500_000)], forecast: { ...FORECAST, staying: 3 } },
      releaseSurplus: { runners: [idle('a', NOW), idle('b', NOW)], forecast: { ...FORECAST, kept: 1 } },
    }[part];
    const { forecast: all, ...seen } = observation(saying);
    const fals = decide(seen, appSpec(), NOW).actions;
    expect(decide({ ...seen, forecast: { ...FORECAST, ...all, parts } }, appSpec(), NOW).actions).toEqual(fals);
    expect(decide({ ...seen, forecast: { ...FORECAST, ...all } }, appSpec(), NOW).actions).not.toEqual(fals);
  },
);

test('a decision says what was expected', () => {
  const seen = observation({ waiting: 1, overdue: 1, forecast: FORECAST });
  expect(explainedDecision(seen, appSpec(), NOW).inputs).toMatchObject({
    expected_service_s: 10,
    expected_start_s: 300,
    patience_s: 600,
  });
});
