/** What the controller's records say at a look at an app, for `learned` to learn from. */
import type { Look } from './learned-app';
import { alive, type RunnerRecord } from './runner';

/** Of the look before: when it was, and how many requests the runners alive then had taken. */
export interface Counted {
  readonly at: number;
  readonly taken: number;
}

export interface AppLook {
  readonly look: Look;
  readonly counted: Counted;
}

/** `runners` are those that are not gone, and those gone since the look before at least. */
export function lookAt(
  before: Counted,
  runners: readonly RunnerRecord[],
  { waiting, inProgress }: { readonly waiting: number; readonly inProgress: number },
  now: number,
): AppLook {
  const since = runners.filter((runner) => alive(runner) || runner.stateSince > before.at);
  return {
    look: {
      now,
      waiting,
      inProgress,
      begun: Math.max(0, takenBy(since) - before.taken),
      startsMs: runners.flatMap(({ readyAt, createdAt }) =>
        readyAt !== undefined && readyAt > before.at && readyAt <= now ? [readyAt - createdAt] : [],
      ),
    },
    counted: { at: now, taken: takenBy(runners.filter(alive)) },
  };
}

function takenBy(runners: readonly RunnerRecord[]): number {
  return runners.reduce((sum, { served }) => sum + served, 0);
}
