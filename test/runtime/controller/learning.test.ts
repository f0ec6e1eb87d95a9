import { Controller } from '../../../runtime/controller/controller';
import { LearnedApps, STORE_EVERY_MS } from '../../../runtime/controller/learning';
import { learningOf } from '../../../runtime/domain/learning-record';
import type { LearningStore } from '../../../runtime/ports';
import { ControlledPlatform } from '../../support/controlled-platform';
import { APP } from '../../support/records';

/** A platform whose app was seen to take 100 s to start. */
async function taught(): Promise<ControlledPlatform> {
  const platform = new ControlledPlatform();
  await platform.deploy({ scaling_policy: 'adaptive' });
  await platform.submit();
  await platform.controller.tick();
  platform.clock.advance(100_000);
  await platform.becomeReady(await platform.onlyRunner());
  await platform.controller.tick();
  return platform;
}

/** Another controller of the platform, and the starts it has expected. */
function another(platform: ControlledPlatform): { readonly controller: Controller; readonly startsMs: unknown[] } {
  const startsMs: unknown[] = [];
  const { apps, requests, queue, registry, fleet, learnings, clock } = platform;
  const controller = new Controller({
    ...{ apps, requests, queue, registry, fleet, learnings, clock },
    webhooks: { deliverDue: () => Promise.resolve() },
    onLook: (_app, { forecast }) => startsMs.push(forecast?.startMs),
    onError: (error, doing) => platform.errors.push(`${doing}: ${String(error)}`),
  });
  return { controller, startsMs };
}

const storedStarts = async ({ learnings, clock }: ControlledPlatform): Promise<number | undefined> =>
  learningOf(await learnings.get(APP), clock.now())?.known.starts;

test('a controller that was ended has stored what it learned, and the next one knows it', async () => {
  const platform = await taught();
  await platform.controller.close();
  platform.clock.advance(10_000);
  const next = another(platform);
  await next.controller.tick();
  expect(next.startsMs).toEqual([100_000]);
  expect(await storedStarts(platform)).toBe(1);
  expect(platform.errors).toEqual([]);
});

test('a controller that takes turns with another knows what that one learned meanwhile', async () => {
  const platform = await taught();
  const other = another(platform);
  platform.clock.advance(STORE_EVERY_MS);
  await platform.controller.tick();
  other.controller.resume(platform.clock.now());
  await other.controller.tick();
  expect(other.startsMs).toEqual([100_000]);

  await platform.submit();
  await platform.submit();
  await other.controller.tick();
  platform.clock.advance(200_000);
  for (const runner of await platform.runners()) {
    if (runner.readyAt === undefined) await platform.becomeReady(runner);
  }
  await other.controller.tick();
  const learnt = other.startsMs.at(-1);
  expect(learnt).toBeGreaterThan(100_000);

  platform.controller.resume(platform.clock.now());
  const third = another(platform);
  third.controller.resume(platform.clock.now());
  await third.controller.tick();
  expect(third.startsMs).toEqual([learnt]);
});

test('it is stored once a minute at the most, and not while nothing happens', async () => {
  const platform = await taught();
  const before = platform.learnings.writes;
  for (let second = 0; second < 120; second += 1) {
    platform.clock.advance(1_000);
    await platform.controller.tick();
  }
  // The request waits all the time, since nobody claims it.
  expect(platform.learnings.writes - before).toBeLessThanOrEqual(2);
  const [request] = await platform.requests.waiting(APP, 1);
  await platform.queue.cancel(request?.id ?? '');
  for (let minute = 0; minute < 3; minute += 1) {
    platform.clock.advance(STORE_EVERY_MS);
    await platform.controller.tick();
  }
  const idleFrom = platform.learnings.writes;
  for (let minute = 0; minute < 10; minute += 1) {
    platform.clock.advance(STORE_EVERY_MS);
    await platform.controller.tick();
  }
  expect(platform.learnings.writes).toBe(idleFrom);
});

test('a damaged record is reported once, and the app learned anew', async () => {
  const platform = await taught();
  await platform.learnings.put(APP, { version: 1, known: 'lost' });
  const next = another(platform);
  await next.controller.tick();
  await next.controller.tick();
  expect(next.startsMs).toHaveLength(2);
  expect(platform.errors).toEqual([
    `reading what was learned about ${APP}, which is learned anew: Error: The record is damaged, old or of another version`,
  ]);
});

test('a store that fails is reported and scaling goes on', async () => {
  const fails = (): Promise<never> => Promise.reject(new Error('no store'));
  const learnings: LearningStore = { get: fails, put: fails, remove: fails };
  const platform = new ControlledPlatform(undefined, { learnings });
  await platform.deploy({ scaling_policy: 'adaptive' });
  await platform.submit();
  await platform.controller.tick();
  expect(await platform.runners()).toHaveLength(1);
  expect(platform.errors).toEqual([expect.stringContaining('no store')]);
});

test('an app that keeps to fal’s rules is neither read nor stored', async () => {
  const fails = (): Promise<never> => Promise.reject(new Error('not to be called'));
  const errors: unknown[] = [];
  const learned = new LearnedApps({
    learnings: { get: fails, put: fails, remove: fails },
    onError: (error) => errors.push(error),
  });
  const platform = new ControlledPlatform();
  await platform.deploy();
  const [app] = await platform.apps.list();
  if (app === undefined) throw new Error('No app');
  expect(await learned.forecast(app, [], { waiting: 0, inProgress: 0 }, 0)).toBeUndefined();
  expect(errors).toEqual([]);
});
