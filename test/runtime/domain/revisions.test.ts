import type { AppRecord } from '../../../runtime/domain/app';
import {
  atRevision,
  deployed,
  judged,
  lastGood,
  REVISIONS_KEPT,
  rolledBack,
  trialOf,
} from '../../../runtime/domain/revisions';
import { scaled } from '../../../runtime/domain/scale-overrides';
import { APP, appSpec, readyRunner, runnerRecord } from '../../support/records';

const NOW = 10_000_000;

describe('a deployment', () => {
  it('of a new revision keeps the one before', () => {
    const app = deploy(good('r1'), 'r2');
    expect(app).toMatchObject({ revision: 'r2', deployedAt: NOW });
    expect(app.readyAt).toBeUndefined();
    expect(lastGood(app)).toMatchObject({ revision: 'r1', readyAt: 1 });
  });

  it('of the current revision changes its settings and nothing else', () => {
    const before = deploy(good('r1'), 'r2');
    const app = deployed(before, { id: APP, revision: 'r2', spec: appSpec({ keep_alive: 7 }) }, NOW + 1);
    expect(app).toEqual({ ...before, spec: appSpec({ keep_alive: 7 }) });
  });

  it('of a revision that was good before finds it good', () => {
    const app = deploy(deploy(good('r1'), 'r2'), 'r1');
    expect(app).toMatchObject({ revision: 'r1', readyAt: 1 });
    expect(trialOf(app)).toBeUndefined();
  });

  it('keeps the last good revision however many bad ones follow', () => {
    let app = good('r0');
    for (let number = 1; number <= 2 * REVISIONS_KEPT; number++) app = deploy(app, `r${number}`);
    expect(app.earlier).toHaveLength(REVISIONS_KEPT);
    expect(lastGood(app)?.revision).toBe('r0');
  });

  it('keeps settings that were changed by hand, until they are reset', () => {
    const byHand = scaled(good('r1'), { max_concurrency: 9 });
    const app = deployed(byHand, { id: APP, revision: 'r2', spec: appSpec({ max_concurrency: 3 }) }, NOW);
    expect(app.spec.max_concurrency).toBe(9);
    const reset = scaled(app, { max_concurrency: undefined });
    expect(reset.spec.max_concurrency).toBe(3);
    expect(reset.scale).toBeUndefined();
  });
});

describe('settings changed by hand', () => {
  it('that make no valid spec are refused, and say what is wrong', () => {
    expect(() => scaled(good('r1'), { min_concurrency: 9, max_concurrency: 2 })).toThrow(/min_concurrency/);
  });
});

describe('a rollback', () => {
  it('makes the last good revision the current one', () => {
    const app = rolledBack(deploy(good('r1'), 'r2'));
    expect(app).toMatchObject({ revision: 'r1', readyAt: 1, setAside: 'r2' });
  });

  it('outlasts the deployment it was made from, but not the next', () => {
    const app = rolledBack(deploy(good('r1'), 'r2'));
    expect(deploy(app, 'r2').revision).toBe('r1');
    const next = deploy(app, 'r3');
    expect(next.revision).toBe('r3');
    expect(next.setAside).toBeUndefined();
  });

  it('can go to a revision by its name, and forward again', () => {
    const app = rolledBack(deploy(deploy(good('r1'), 'r2'), 'r3'), 'r2');
    expect(app.revision).toBe('r2');
    expect(rolledBack(app, 'r3').revision).toBe('r3');
  });

  it('to what there is not names what there is', () => {
    expect(() => rolledBack(deploy(good('r1'), 'r2'), 'r9')).toThrow(`${APP} has no revision r9; earlier ones: r1`);
    expect(() => rolledBack(deploy(bare('r1'), 'r2'))).toThrow(/ever had a READY runner; earlier ones: r1/);
    expect(() => rolledBack(good('r1'), 'r1')).toThrow('r1 is the current revision');
  });
});

describe('an app at an earlier revision', () => {
  it('has what that one was deployed with', () => {
    const task = { taskDefinition: 'family:1', queueUrl: 'q', pools: ['p'], gpus: 1, cpu: 4, memoryMiB: 8 };
    const first = { ...good('r1'), deployment: task, spec: appSpec({ exposed_port: 1 }) };
    const app = deployed(first, { id: APP, revision: 'r2', spec: appSpec(), deployment: { ...task, gpus: 2 } }, NOW);
    expect(atRevision(app, 'r1')).toMatchObject({ id: APP, revision: 'r1', deployment: task });
    expect(atRevision(app, 'r1')?.spec.exposed_port).toBe(1);
    expect(atRevision(app, 'r2')).toBe(app);
    expect(atRevision(app, 'r9')).toBeUndefined();
  });
});

describe('the verdict about a revision', () => {
  const app = deploy(good('r1'), 'r2');
  const failed = runnerRecord({
    revision: 'r2',
    createdAt: NOW,
    stateSince: NOW + 5,
    state: 'TERMINATED',
    exit: 'startup_failed',
    exitReason: 'setup() raised',
  });

  it('is good once a runner of it was READY, even one that left', () => {
    const runner = readyRunner(NOW, { revision: 'r2', createdAt: NOW, readyAt: NOW + 3 });
    expect(judged(app, [runner])).toMatchObject({ readyAt: NOW + 3 });
    expect(judged(app, [failed, { ...runner, state: 'TERMINATED' }])?.failure).toBeUndefined();
  });

  it('is not good because of runners of other revisions', () => {
    expect(judged(app, [readyRunner(NOW, { revision: 'r1', readyAt: NOW + 3, createdAt: NOW })])).toBeUndefined();
  });

  it('is a failure with its reason, told once', () => {
    const next = judged(app, [failed]);
    expect(next?.failure).toEqual({ at: NOW + 5, reason: 'setup() raised' });
    expect(next && judged(next, [failed])).toBeUndefined();
    expect(next && trialOf(next)).toEqual({ fallback: 'r1', failed: true });
  });

  it('is no failure when a runner found no place', () => {
    expect(judged(app, [{ ...failed, exit: 'scheduling_failed' }])).toBeUndefined();
  });
});

function bare(revision: string): AppRecord {
  return { id: APP, revision, spec: appSpec(), deployedAt: 0 };
}

function good(revision: string): AppRecord {
  return { ...bare(revision), readyAt: 1 };
}

function deploy(before: AppRecord, revision: string): AppRecord {
  return deployed(before, { id: APP, revision, spec: appSpec() }, NOW);
}
