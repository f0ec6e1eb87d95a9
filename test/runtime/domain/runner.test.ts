import fc from 'fast-check';
import {
  askedToDrain,
  becameReady,
  heartbeat,
  ready,
  retireAt,
  RUNNER_STATES,
  startProgressed,
  terminated,
  terminating,
  type RunnerRecord,
} from '../../../runtime/domain/runner';
import { overdue, PENDING_LIMIT_MS, PULL_LIMIT_MS } from '../../../runtime/domain/runner-deadline';
import { appSpec, readyRunner, runnerRecord } from '../../support/records';

describe('a runner', () => {
  it('goes from launch to service to its end', () => {
    const pending = runnerRecord();
    const pulling = startProgressed(pending, 'DOCKER_PULL', 1, 'building the Python environment');
    const setup = pulling && startProgressed(pulling, 'SETUP', 2);
    const idle = setup && becameReady(setup, 3);
    const running = idle && heartbeat(idle, { inFlight: 1, served: 1 }, 4);
    const idleAgain = running && heartbeat(running, { inFlight: 0, served: 1, hints: ['model-a'] }, 5);
    const ending = idleAgain && terminating(idleAgain, 'retired', 'idle for 60 s', 6);
    const gone = ending && terminated(ending, 'crashed', 'killed', 7);
    expect(pulling).toMatchObject({ state: 'DOCKER_PULL', waitingFor: 'building the Python environment' });
    expect(setup).not.toHaveProperty('waitingFor');
    expect(idle).toMatchObject({ state: 'IDLE', readyAt: 3, idleSince: 3 });
    expect(running).toMatchObject({ state: 'RUNNING', stateSince: 4, inFlight: 1 });
    expect(running).not.toHaveProperty('idleSince');
    expect(idleAgain).toMatchObject({ state: 'IDLE', idleSince: 5, hints: ['model-a'] });
    expect(gone).toMatchObject({ state: 'TERMINATED', exit: 'retired', exitReason: 'idle for 60 s', version: 8 });
  });

  it('does not go back to an earlier step of its start', () => {
    expect(startProgressed(runnerRecord({ state: 'SETUP' }), 'DOCKER_PULL', 1)).toBeUndefined();
  });

  it('does not become ready when it was asked to leave while it started', () => {
    const asked = askedToDrain(runnerRecord({ state: 'SETUP' }), 'a newer revision was deployed', 1, 5_000);
    expect(asked && becameReady(asked, 2)).toBeUndefined();
  });

  it('claims nothing from the moment it is asked to leave, and says so with its next report', () => {
    const asked = askedToDrain(readyRunner(0, { state: 'RUNNING', inFlight: 1 }), 'told to', 1, 5_000);
    expect(asked && ready(asked)).toBe(false);
    expect(asked && heartbeat(asked, { inFlight: 1, served: 1 }, 2)).toMatchObject({ state: 'DRAINING', inFlight: 1 });
  });

  it('can be asked to leave earlier, never later', () => {
    const asked = askedToDrain(readyRunner(0), 'a newer revision was deployed', 0, 60_000);
    expect(asked && askedToDrain(asked, 'stopped by a person', 0, 90_000)).toBeUndefined();
    expect(asked && askedToDrain(asked, 'stopped by a person', 0, 5_000)).toMatchObject({
      drain: { reason: 'stopped by a person', deadline: 5_000 },
    });
  });

  it('stays idle since its last request however often it reports', () => {
    const idle = readyRunner(100);
    expect(heartbeat(idle, { inFlight: 0, served: 1 }, 5_000)).toMatchObject({ idleSince: 100, heartbeatAt: 5_000 });
    expect(heartbeat(idle, { inFlight: 0, served: 2 }, 5_000)).toMatchObject({ idleSince: 5_000 });
  });

  it('is never changed once it is gone', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(MOVES)), (move) => {
        expect(move(runnerRecord({ state: 'TERMINATED', exit: 'retired' }))).toBeUndefined();
      }),
    );
  });

  it('raises its version with every move, and enters a state at the time of the move', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RUNNER_STATES), fc.constantFrom(...Object.values(MOVES)), (state, move) => {
        const before = runnerRecord({ state, version: 7 });
        const after = move(before);
        if (after === undefined) return;
        expect(after.version).toBe(8);
        if (after.state !== before.state) expect(after.stateSince).toBe(NOW);
      }),
    );
  });
});

describe('retirement', () => {
  const spec = appSpec({ keep_alive: 60 });

  it('is due keep_alive after the last request', () => {
    expect(retireAt(readyRunner(1_000), spec)).toBe(61_000);
  });

  it('is due after 10 s for a runner that nobody used', () => {
    expect(retireAt(readyRunner(1_000, { served: 0 }), spec)).toBe(11_000);
  });

  it.each(['min_concurrency', 'concurrency_buffer', 'concurrency_buffer_perc'] as const)(
    'is due after keep_alive for an unused runner when %s asks for spare ones',
    (setting) => {
      expect(retireAt(readyRunner(1_000, { served: 0 }), { ...spec, [setting]: 1 })).toBe(61_000);
    },
  );

  it('is never due while the runner works, starts or leaves', () => {
    const busy = readyRunner(0, { state: 'RUNNING', inFlight: 1 });
    const leaving = readyRunner(0, { drain: { reason: 'told to', deadline: 1 } });
    for (const runner of [busy, leaving, runnerRecord()]) expect(retireAt(runner, spec)).toBeUndefined();
  });
});

describe('the deadline', () => {
  const spec = appSpec({ startup_timeout: 100, termination_grace_period_seconds: 5 });
  const limits: readonly [string, Partial<RunnerRecord>, number, string][] = [
    ['of a runner that waits for hardware', { state: 'PENDING' }, PENDING_LIMIT_MS, 'scheduling_failed'],
    ['of fetching the image', { state: 'DOCKER_PULL' }, PULL_LIMIT_MS, 'startup_timeout'],
    ['of setup', { state: 'SETUP' }, 100_000, 'startup_timeout'],
    ['of a silent runner', { state: 'IDLE' }, 60_000, 'lost'],
    ['of a drain', { state: 'DRAINING', drain: { reason: 'told to', deadline: 40_000 } }, 40_000, 'drained'],
    ['of an end by force', { state: 'TERMINATING' }, 35_000, 'stopped'],
  ];

  it.each(limits)('%s ends it, no sooner', (_name, changes, limit, exit) => {
    const runner = runnerRecord(changes);
    expect(overdue(runner, spec, limit - 1)).toBeUndefined();
    expect(overdue(runner, spec, limit)).toMatchObject({ exit });
  });

  it('never comes for a runner that reports', () => {
    expect(overdue(readyRunner(1_000_000, { stateSince: 0 }), spec, 1_000_000)).toBeUndefined();
  });

  it('names what a runner waited for in vain', () => {
    const runner = runnerRecord({ waitingFor: 'a free GPU' });
    expect(overdue(runner, spec, PENDING_LIMIT_MS)?.reason).toBe('it waited 600 s for a place to run (a free GPU)');
  });
});

const NOW = 1_000;

const MOVES: Record<string, (runner: RunnerRecord) => RunnerRecord | undefined> = {
  progress: (runner) => startProgressed(runner, 'SETUP', NOW),
  ready: (runner) => becameReady(runner, NOW),
  report: (runner) => heartbeat(runner, { inFlight: 1, served: 1 }, NOW),
  drain: (runner) => askedToDrain(runner, 'told to', NOW, 1_000),
  end: (runner) => terminating(runner, 'stopped', 'told to', NOW),
  gone: (runner) => terminated(runner, 'stopped', 'told to', NOW),
};
