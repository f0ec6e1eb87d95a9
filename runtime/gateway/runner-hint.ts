/** Finds the runner a caller hints at: one that served or advertised the hint and has room. */
import type { AppRecord } from '../domain/app';
import type { RequestHead } from '../domain/request';
import { ready } from '../domain/runner';
import type { RunnerRegistry } from '../ports';

/** How long a request waits for its preferred runner before any other may take it. */
const PREFERENCE_MS = 1_000;

export async function preferredRunner(
  runners: RunnerRegistry,
  app: AppRecord,
  hint: string,
  now: number,
): Promise<RequestHead['preferred']> {
  const hinted = (await runners.list(app.id)).filter((runner) => ready(runner) && runner.hints.includes(hint));
  const free = hinted.filter((runner) => runner.inFlight < app.spec.max_multiplexing);
  const runner = free.sort((a, b) => a.inFlight - b.inFlight)[0];
  return runner && { runner: runner.id, until: now + PREFERENCE_MS };
}
