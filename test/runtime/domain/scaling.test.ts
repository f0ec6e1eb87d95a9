import { targetSize, type Observation } from '../../../runtime/domain/scaling';
import type { AppSpec } from '../../../runtime/domain/app-spec';
import { explainedDecision, type ExplainedDecision } from '../../support/decisions';
import { appSpec, observation, readyRunner, runnerRecord } from '../../support/records';

const NOW = 10_000_000;
const MINUTE = 60_000;

describe('the wanted number of runners', () => {
  const target = (requests: Partial<Observation>, spec: Partial<AppSpec>): number =>
    targetSize(observation(requests), appSpec({ max_concurrency: 100, ...spec })).target;

  it('is one runner for each request that runs or waits', () => {
    expect(target({ inProgress: 2, overdue: 3 }, {})).toBe(5);
  });

  it('is fewer when runners take several requests at a time', () => {
    expect(target({ inProgress: 2, overdue: 3 }, { max_multiplexing: 4 })).toBe(2);
  });

  it('counts no request that has not waited for scaling_delay', () => {
    expect(target({ waiting: 3, overdue: 0 }, {})).toBe(0);
  });

  it('keeps a buffer above the demand', () => {
    expect(target({ inProgress: 3 }, { concurrency_buffer: 2 })).toBe(5);
  });

  it('takes the larger of the two buffers', () => {
    expect(target({ inProgress: 9 }, { concurrency_buffer: 2, concurrency_buffer_perc: 50 })).toBe(9 + 5);
    expect(target({ inProgress: 1 }, { concurrency_buffer: 2, concurrency_buffer_perc: 50 })).toBe(1 + 2);
  });

  it('does not add min_concurrency to the buffer', () => {
    expect(target({}, { min_concurrency: 3, concurrency_buffer: 2 })).toBe(3);
  });

  it('is fal’s documented example: buffer 2, multiplexing 4, at most 6', () => {
    const spec = { concurrency_buffer: 2, max_multiplexing: 4, max_concurrency: 6 };
    expect(target({}, spec)).toBe(2);
    expect(target({ inProgress: 40 }, spec)).toBe(6);
  });
});

describe('a scaling decision', () => {
  it('starts a runner for the first request and says so', () => {
    const decision = explainedDecision(observation({ waiting: 1, overdue: 1 }), appSpec(), NOW);
    expect(decision.reason).toBe('0 → 1 runners: 1 request waits and none is ready');
    expect(decision.actions).toContainEqual({ kind: 'launch', count: 1, failedStarts: 0 });
  });

  it('does nothing while nothing is asked', () => {
    expect(explainedDecision(observation(), appSpec(), NOW)).toMatchObject({
      actions: [],
      reason: '0 runners, as wanted',
    });
  });

  it('names min_concurrency when that is the reason', () => {
    expect(explainedDecision(observation(), appSpec({ min_concurrency: 2 }), NOW).reason).toBe(
      '0 → 2 runners: min_concurrency is 2',
    );
  });

  it('names the buffer when that is the reason', () => {
    const runners = [readyRunner(NOW, { inFlight: 1, state: 'RUNNING' })];
    const decision = explainedDecision(
      observation({ inProgress: 1, runners }),
      appSpec({ concurrency_buffer: 1 }),
      NOW,
    );
    expect(decision.reason).toBe('1 → 2 runners: 1 spare runner wanted above a demand of 1');
  });

  it('says when max_concurrency keeps requests waiting', () => {
    const decision = explainedDecision(observation({ waiting: 9, overdue: 9 }), appSpec({ max_concurrency: 2 }), NOW);
    expect(decision.reason).toBe('0 → 2 runners: 9 requests wait and none is ready, max_concurrency is 2');
  });

  it('holds the wanted number as the floor under which no runner retires', () => {
    const runners = [readyRunner(NOW)];
    expect(explainedDecision(observation({ inProgress: 1, runners }), appSpec(), NOW).actions).toEqual([
      { kind: 'setFloor', revision: 'r1', floor: 1 },
    ]);
    expect(explainedDecision(observation({ runners, floors: { r1: 1 } }), appSpec(), NOW).actions).toEqual([
      { kind: 'setFloor', revision: 'r1', floor: 0 },
    ]);
  });

  it('leaves idle runners to retire by themselves', () => {
    const runners = [readyRunner(NOW, { idleSince: 0 }), readyRunner(NOW, { id: 'other', idleSince: 0 })];
    expect(explainedDecision(observation({ runners }), appSpec({ keep_alive: 1 }), NOW).actions).toEqual([]);
  });

  it('gives up a runner that waits for hardware when nothing needs it any more, after the 10 s of an unused runner', () => {
    const pending = runnerRecord({ createdAt: NOW, stateSince: NOW });
    expect(stops(explainedDecision(observation({ runners: [pending] }), appSpec(), NOW + 9_999))).toEqual([]);
    expect(stops(explainedDecision(observation({ runners: [pending] }), appSpec(), NOW + 10_000))).toEqual(['runner']);
  });

  it('never gives up a runner in setup, whose work would be lost', () => {
    const setup = runnerRecord({ state: 'SETUP', createdAt: NOW, stateSince: NOW });
    expect(stops(explainedDecision(observation({ runners: [setup] }), appSpec(), NOW + MINUTE))).toEqual([]);
  });
});

describe('failed starts', () => {
  const failed = (at: number, changes = {}): ReturnType<typeof runnerRecord> =>
    runnerRecord({
      state: 'TERMINATED',
      exit: 'startup_failed',
      exitReason: 'setup() raised',
      stateSince: at,
      ...changes,
    });
  const wanting = (changes: Partial<Observation>): Observation => observation({ waiting: 3, overdue: 3, ...changes });

  it('delay the next start by 30 s, and say so', () => {
    const decision = explainedDecision(wanting({ runners: [failed(NOW)], floors: { r1: 3 } }), appSpec(), NOW + 10_000);
    expect(decision.actions).toEqual([]);
    expect(decision.reason).toBe('the next start waits 20 s: the last start failed');
  });

  it('are followed by one try at a time', () => {
    const tried = explainedDecision(wanting({ runners: [failed(NOW)] }), appSpec(), NOW + 30_000);
    expect(launches(tried)).toBe(1);
    expect(tried.reason).toContain('(another try after 1 failed start)');
    const trying = runnerRecord({ id: 'try', createdAt: NOW + 30_000, stateSince: NOW + 30_000, failedStarts: 1 });
    expect(launches(explainedDecision(wanting({ runners: [failed(NOW), trying] }), appSpec(), NOW + 31_000))).toBe(0);
  });

  it('are forgotten once a runner was ready', () => {
    const runners = [failed(NOW), readyRunner(NOW + 1, { id: 'good', readyAt: NOW + 1 })];
    expect(launches(explainedDecision(wanting({ runners }), appSpec(), NOW + 2))).toBe(2);
  });

  it('of an earlier revision do not count', () => {
    const runners = [failed(NOW, { revision: 'r0' })];
    expect(launches(explainedDecision(wanting({ runners }), appSpec(), NOW + 1))).toBe(3);
  });
});

describe('a runner that does not work', () => {
  it('is stopped and replaced when it was not ready within startup_timeout', () => {
    const runners = [runnerRecord({ state: 'SETUP', stateSince: NOW })];
    const decision = explainedDecision(observation({ overdue: 1, waiting: 1, runners }), appSpec(), NOW + 600_000);
    expect(decision.actions).toContainEqual({
      kind: 'stop',
      runner: 'runner',
      exit: 'startup_timeout',
      reason: 'it was not ready within startup_timeout (600 s)',
      graceMs: 5_000,
    });
    expect(decision.reason).toContain('stops 1 runner: it was not ready within startup_timeout (600 s)');
    expect(launches(decision)).toBe(0);
  });

  it('is stopped and replaced at once when it fell silent after it had served', () => {
    const runners = [readyRunner(NOW)];
    const decision = explainedDecision(observation({ inProgress: 1, runners }), appSpec(), NOW + MINUTE);
    expect(stops(decision)).toEqual(['runner']);
    expect(launches(decision)).toBe(1);
  });

  it('is stopped when it did not leave within the grace period of a drain', () => {
    const runners = [readyRunner(NOW, { state: 'DRAINING', inFlight: 1, drain: { reason: 'told to', deadline: NOW } })];
    expect(stops(explainedDecision(observation({ runners }), appSpec(), NOW))).toEqual(['runner']);
  });
});

describe('a new revision', () => {
  const old = (id: string, changes = {}): ReturnType<typeof readyRunner> =>
    readyRunner(NOW, { id, revision: 'r0', ...changes });
  const fresh = (id: string): ReturnType<typeof readyRunner> => readyRunner(NOW, { id, readyAt: NOW });
  const busy = { inProgress: 2 };

  it('comes up beside the old one, which goes on serving', () => {
    const runners = [old('a'), old('b')];
    const decision = explainedDecision(observation({ ...busy, runners }), appSpec({ max_concurrency: 2 }), NOW);
    expect(launches(decision)).toBe(2);
    expect(drained(decision)).toEqual([]);
    expect(decision.reason).toBe('2 → 4 runners: revision r1 replaces 2 earlier runners');
  });

  it('takes over runner by runner, the idle ones first', () => {
    const runners = [old('working', { state: 'RUNNING', inFlight: 1 }), old('idle'), fresh('new')];
    expect(drained(explainedDecision(observation({ ...busy, runners }), appSpec(), NOW))).toEqual(['idle']);
  });

  it('lets old runners finish what they work on, for as long as a request may take', () => {
    const runners = [old('working', { state: 'RUNNING', inFlight: 1 }), fresh('new')];
    const { actions } = explainedDecision(
      observation({ inProgress: 1, runners }),
      appSpec({ request_timeout: 100 }),
      NOW,
    );
    expect(actions).toContainEqual({
      kind: 'drain',
      runner: 'working',
      reason: 'a newer revision was deployed',
      graceMs: 105_000,
    });
  });

  it('drains idle old runners when nothing is asked', () => {
    expect(drained(explainedDecision(observation({ runners: [old('a'), old('b')] }), appSpec(), NOW))).toEqual([
      'a',
      'b',
    ]);
  });

  it('stops old runners that are not ready yet', () => {
    const runners = [runnerRecord({ revision: 'r0', state: 'SETUP', stateSince: NOW })];
    expect(stops(explainedDecision(observation({ runners }), appSpec(), NOW))).toEqual(['runner']);
  });

  it('does not drain old runners while its own never get ready', () => {
    const crashed = runnerRecord({ id: 'x', state: 'TERMINATED', exit: 'startup_failed', stateSince: NOW });
    const runners = [old('a'), old('b'), crashed];
    expect(drained(explainedDecision(observation({ ...busy, runners }), appSpec(), NOW + 1))).toEqual([]);
  });

  it('makes an old runner give way when there is no room for both, one at a time', () => {
    const unplaced = runnerRecord({ id: 'x', state: 'TERMINATED', exit: 'scheduling_failed', stateSince: NOW });
    const first = explainedDecision(
      observation({ ...busy, runners: [old('a'), old('b'), unplaced] }),
      appSpec(),
      NOW + 1,
    );
    expect(drained(first)).toEqual(['a']);
    const leaving = old('a', { drain: { reason: 'a newer revision was deployed', deadline: NOW + MINUTE } });
    const next = explainedDecision(
      observation({ ...busy, runners: [leaving, old('b'), unplaced] }),
      appSpec(),
      NOW + 2,
    );
    expect(drained(next)).toEqual([]);
  });

  it('waits for nobody when it is told to recreate', () => {
    const runners = [old('a', { state: 'RUNNING', inFlight: 1 }), old('b')];
    const decision = explainedDecision(observation({ ...busy, strategy: 'recreate', runners }), appSpec(), NOW);
    expect(drained(decision).sort()).toEqual(['a', 'b']);
    expect(launches(decision)).toBe(2);
  });
});

function launches({ actions }: ExplainedDecision): number {
  return actions.reduce((sum, action) => sum + (action.kind === 'launch' ? action.count : 0), 0);
}

function stops({ actions }: ExplainedDecision): string[] {
  return actions.flatMap((action) => (action.kind === 'stop' ? [action.runner] : []));
}

function drained({ actions }: ExplainedDecision): string[] {
  return actions.flatMap((action) => (action.kind === 'drain' ? [action.runner] : []));
}
