import fc from 'fast-check';
import { CLOSING_REASON } from '../../../runtime/domain/closing';
import { AppChanges } from '../../../runtime/apps/app-changes';
import { APP } from '../../support/records';
import { Rollout, STEP_MS } from '../../support/rollout';

const SPEC = { max_concurrency: 8, keep_alive: 3600, request_timeout: 60 };

describe('a broken revision of an app that serves', () => {
  it('never lowers the READY runners below the wanted number, whatever is asked meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), loads(), async (min, load) => {
        const rollout = await serving(min);
        const from = rollout.steps.length;
        await rollout.deploy('r2', { ...SPEC, min_concurrency: min }, { broken: true });
        for (const requests of load) {
          await rollout.submit(requests);
          await rollout.step();
        }
        for (const { ready } of rollout.steps.slice(from)) expect(ready).toBeGreaterThanOrEqual(min);
        expect(await rollout.readyRunners('r2')).toEqual([]);
        expect(rollout.platform.errors).toEqual([]);
        await drainQueue(rollout);
      }),
      { numRuns: 25 },
    );
  });

  it('is tried by one runner at a time, while the last good one replaces what crashes', async () => {
    const rollout = await serving(3);
    await rollout.deploy('r2', { ...SPEC, min_concurrency: 3 }, { broken: true });
    await steps(rollout, 10);
    const [victim] = await rollout.readyRunners('r1');
    if (victim !== undefined) await rollout.crash(victim);
    await steps(rollout, 20);
    expect(await rollout.readyRunners('r1')).toHaveLength(3);
    const tries = (await rollout.platform.runners()).filter(({ revision }) => revision === 'r2');
    expect(tries.length).toBeGreaterThan(1);
    expect(tries.map(({ failedStarts }) => failedStarts)).toEqual(tries.map((_, index) => index));
  });

  it('is said in words', async () => {
    const rollout = await serving(2);
    await rollout.deploy('r2', { ...SPEC, min_concurrency: 2 }, { broken: true });
    await steps(rollout, 10);
    const [victim] = await rollout.readyRunners('r1');
    if (victim !== undefined) await rollout.crash(victim);
    await steps(rollout, 3);
    const { reasons } = rollout.platform;
    expect(reasons).toContain('revision r2 did not start (setup() raised): revision r1 stays');
    expect(reasons.join('\n')).toMatch(
      /1 → 2 runners of revision r1: revision r2 did not start \(setup\(\) raised\), the last good one takes over/,
    );
  });
});

describe('a broken revision of an app that nobody called', () => {
  it('is started at once, and the last good one takes over when it fails', async () => {
    const rollout = await serving(0);
    await rollout.deploy('r2', SPEC, { broken: true });
    await rollout.submit(1);
    await rollout.step();
    expect((await rollout.platform.runners()).at(-1)?.revision).toBe('r2');
    await drainQueue(rollout);
    expect(await rollout.readyRunners('r1')).toHaveLength(1);
  });

  it('falls back also when it is to be recreated, and does not fall to and fro', async () => {
    const rollout = await serving(2);
    await rollout.deploy('r2', { ...SPEC, min_concurrency: 2 }, { broken: true, strategy: 'recreate' });
    await steps(rollout, 40);
    expect(await rollout.readyRunners('r1')).toHaveLength(2);
    expect(rollout.platform.reasons.filter((reason) => reason.includes('to leave'))).toHaveLength(1);
  });
});

describe('a revision that works', () => {
  it('takes over: old runners leave within their grace, and no request is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), loads(), async (min, load) => {
        const rollout = await serving(min);
        const from = rollout.steps.length;
        await rollout.deploy('r2', { ...SPEC, min_concurrency: min });
        for (const requests of load) {
          await rollout.submit(requests);
          await rollout.step();
        }
        await drainQueue(rollout);
        await steps(rollout, 6);
        expect(await rollout.readyRunners('r1')).toEqual([]);
        expect((await rollout.readyRunners('r2')).length).toBeGreaterThanOrEqual(min);
        expect(rollout.longestDrain).toBeLessThanOrEqual(SPEC.request_timeout * 1000);
        for (const { ready } of rollout.steps.slice(from)) expect(ready).toBeGreaterThanOrEqual(min);
        expect(rollout.platform.errors).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('is not started by anybody when nothing is asked, unless it is to be verified', async () => {
    const rollout = await serving(0);
    await rollout.deploy('r2', SPEC);
    await steps(rollout, 4);
    expect((await rollout.platform.runners()).some(({ revision }) => revision === 'r2')).toBe(false);
    await changes(rollout).verify(APP, 10 * 60_000);
    await steps(rollout, 6);
    expect((await rollout.platform.apps.get(APP))?.readyAt).toBeDefined();
  });
});

describe('an app that is being removed', () => {
  it('finishes what is in progress and gets no runner, whatever waits', async () => {
    const rollout = await serving(2);
    await rollout.submit(5);
    await rollout.step();
    await changes(rollout).close(APP);
    await steps(rollout, 8);
    expect(await rollout.platform.registry.list(APP)).toEqual([]);
    expect(await rollout.answered()).toHaveLength(2);
    expect(rollout.platform.reasons.at(-2)).toContain(CLOSING_REASON);
  });
});

/** An app with its good revision r1 and `min` READY runners of it. */
async function serving(min: number): Promise<Rollout> {
  const rollout = new Rollout();
  await rollout.deploy('r1', { ...SPEC, min_concurrency: min });
  await changes(rollout).verify(APP, 10 * 60_000);
  await steps(rollout, 6);
  expect((await rollout.readyRunners('r1')).length).toBeGreaterThanOrEqual(min);
  if (min > 0) return rollout;
  for (const runner of await rollout.readyRunners('r1')) await rollout.crash(runner);
  return rollout;
}

async function steps(rollout: Rollout, count: number): Promise<void> {
  for (let step = 0; step < count; step++) await rollout.step();
}

async function drainQueue(rollout: Rollout): Promise<void> {
  for (let step = 0; step < 200; step++) {
    if ((await rollout.answered()).length === rollout.submitted.length) return;
    await rollout.step();
  }
  expect(await rollout.answered()).toEqual(rollout.submitted);
}

function changes(rollout: Rollout): AppChanges {
  return new AppChanges(rollout.platform.apps, rollout.platform.clock);
}

/** Requests before each step; a step takes a few seconds. */
function loads(): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.oneof(fc.constant(0), fc.nat(3)), { minLength: 60_000 / STEP_MS, maxLength: 30 });
}
