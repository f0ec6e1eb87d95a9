/** Carries out what was decided. Every step may be repeated: a tick that died half-way is finished by the next. */
import { randomBytes } from 'node:crypto';
import type { AppRecord } from '../domain/app';
import { atRevision } from '../domain/revisions';
import {
  alive,
  askedToDrain,
  launched,
  terminated,
  terminating,
  type RunnerExit,
  type RunnerRecord,
} from '../domain/runner';
import type { ScalingAction } from '../domain/scaling';
import { TaggedIds } from '../domain/tagged-id';
import type { Clock, Fleet, RunnerRegistry } from '../ports';
import type { ReadySet } from './observe';

const runnerIds = new TaggedIds(randomBytes);

export interface ActDependencies {
  readonly registry: RunnerRegistry;
  readonly fleet: Fleet;
  readonly clock: Clock;
}

/** Carries out one action. An action on a runner that has left meanwhile changes nothing. */
export async function act(dependencies: ActDependencies, app: AppRecord, action: ScalingAction): Promise<void> {
  const { registry, fleet } = dependencies;
  switch (action.kind) {
    case 'setFloor':
      return registry.setFloor(app.id, action.revision, action.floor);
    case 'launch':
      for (let count = 0; count < action.count; count++) await launch(dependencies, app, action);
      return;
    case 'drain':
      await change(dependencies, action.runner, (runner, now) =>
        askedToDrain(runner, action.reason, now, action.graceMs),
      );
      return;
    case 'stop':
      await change(dependencies, action.runner, (runner, now) => terminating(runner, action.exit, action.reason, now));
      return fleet.stop(action.runner, action.graceMs);
  }
}

/** Writes down that a runner is gone. */
export async function bury(
  dependencies: Pick<ActDependencies, 'registry' | 'clock'>,
  runner: RunnerRecord,
  exit: RunnerExit,
  reason: string,
): Promise<void> {
  await change(dependencies, runner.id, (current, now) => terminated(current, exit, reason, now));
}

/** Takes runners that are gone out of the READY sets: one that counts them would let the others retire below the floor. */
export async function releaseGone(
  registry: RunnerRegistry,
  app: string,
  sets: readonly ReadySet[],
  runners: readonly RunnerRecord[],
): Promise<void> {
  const present = new Set(runners.filter(alive).map((runner) => runner.id));
  for (const set of sets) {
    for (const runner of set.runners) {
      if (!present.has(runner)) await registry.leaveReady(app, set.revision, runner);
    }
  }
}

/** The record comes first: a runner that nobody wrote down would be nobody's to stop. */
async function launch(
  dependencies: ActDependencies,
  app: AppRecord,
  { failedStarts, revision = app.revision }: Extract<ScalingAction, { kind: 'launch' }>,
): Promise<void> {
  const { registry, fleet, clock } = dependencies;
  const createdAt = clock.now();
  const id = runnerIds.next(app.id, createdAt);
  const runner = launched({ id, app: app.id, revision, createdAt, failedStarts });
  await registry.create(runner);
  try {
    await fleet.launch(runner, atRevision(app, revision) ?? app);
  } catch (error) {
    await bury(dependencies, runner, 'scheduling_failed', `it could not be launched: ${messageOf(error)}`);
  }
}

/**
 * Stores a move that takes a runner away. It leaves the READY set first, so that a record that says "gone" never stands
 * beside a set that counts on it.
 */
export async function change(
  { registry, clock }: Pick<ActDependencies, 'registry' | 'clock'>,
  id: string,
  move: (runner: RunnerRecord, now: number) => RunnerRecord | undefined,
): Promise<void> {
  for (;;) {
    const runner = await registry.get(id);
    const next = runner && move(runner, clock.now());
    if (next === undefined) return;
    await registry.leaveReady(next.app, next.revision, next.id);
    if (await registry.replace(next)) return;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
