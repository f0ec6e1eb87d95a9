import {
  closingReason,
  CLOSING_DRAIN_MS,
  CLOSING_REASON,
  decideClosing,
  drainedBy,
} from '../../../runtime/domain/closing';
import { askedToDrain, terminating } from '../../../runtime/domain/runner';
import { appSpec, readyRunner, runnerRecord } from '../../support/records';

const SINCE = 10_000_000;
const NOW = SINCE + 1_000;
const SPEC = appSpec({ request_timeout: 60, termination_grace_period_seconds: 5 });
const working = readyRunner(NOW, { id: 'working', state: 'RUNNING', inFlight: 1 });

test('what works has the time of a request and the grace, what starts none, and no floor holds anybody', () => {
  const pending = runnerRecord({ id: 'pending', createdAt: NOW, stateSince: NOW });
  expect(decideClosing({ runners: [working, pending], floors: { r1: 2, r0: 0 } }, SPEC, SINCE, NOW)).toEqual([
    { kind: 'setFloor', revision: 'r1', floor: 0 },
    { kind: 'drain', runner: 'working', reason: CLOSING_REASON, graceMs: 64_000 },
    { kind: 'stop', runner: 'pending', reason: CLOSING_REASON, exit: 'stopped', graceMs: 5_000 },
  ]);
});

test('a runner is asked once, though the fleet’s clock is somewhat later', () => {
  const asked = askedToDrain(working, CLOSING_REASON, NOW + 20, 64_000)!;
  expect(decideClosing({ runners: [asked], floors: {} }, SPEC, SINCE, NOW + 1_000)).toEqual([]);
});

test('a runner that leaves for another reason is asked again only where it would take longer', () => {
  const patient = askedToDrain(working, 'a newer revision was deployed', NOW, 600_000)!;
  const quick = askedToDrain(working, 'stopped by hand', NOW, 1_000)!;
  const actions = decideClosing({ runners: [patient, quick], floors: {} }, SPEC, SINCE, NOW);
  expect(actions.map((action) => action.kind)).toEqual(['drain']);
});

test('whoever is on the way out is left alone', () => {
  const leaving = terminating(working, 'stopped', 'stopped by hand', NOW)!;
  expect(decideClosing({ runners: [leaving], floors: {} }, SPEC, SINCE, NOW)).toEqual([]);
});

test('the removal waits five minutes at the most, beside the grace', () => {
  expect(drainedBy(SINCE, SPEC)).toBe(SINCE + 65_000);
  expect(drainedBy(SINCE, appSpec({ request_timeout: 3_600, termination_grace_period_seconds: 5 }))).toBe(
    SINCE + CLOSING_DRAIN_MS + 5_000,
  );
});

test('it is said in words', () => {
  const drain = { kind: 'drain', runner: 'a', reason: '', graceMs: 0 } as const;
  const stop = { kind: 'stop', runner: 'b', reason: '', exit: 'stopped', graceMs: 0 } as const;
  expect(closingReason([drain, drain, stop])).toBe('asks 2 runners to leave, stops 1 runner: the app is being removed');
});
