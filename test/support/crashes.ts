/** Interleaves and crashes whoever uses a store: each call is a step of fast-check's scheduler, each write may be the last. */
import type fc from 'fast-check';
import type { RequestStore } from '../../runtime/ports';

/** The process that made a write died at it. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Where a process dies at a write: not at all, before the write reached the store, or after it was applied. */
export type CrashPoint = 'none' | 'before' | 'after';

const READS = new Set<keyof RequestStore>([
  'get',
  'waiting',
  'due',
  'webhooksDue',
  'expired',
  'position',
  'backlog',
  'response',
]);

/** The store as seen by processes that run side by side and die at the writes that `crashes` says. */
export function crashingStore(
  store: RequestStore,
  scheduler: fc.Scheduler,
  crashes: Iterator<CrashPoint>,
): RequestStore {
  return new Proxy(store, {
    get(target, name: keyof RequestStore) {
      const call = target[name].bind(target) as (...parameters: unknown[]) => Promise<unknown>;
      return async (...parameters: unknown[]): Promise<unknown> => {
        await scheduler.schedule(Promise.resolve(), name);
        if (READS.has(name)) return call(...parameters);
        const crash = (crashes.next().value as CrashPoint | undefined) ?? 'none';
        if (crash === 'before') throw new Crash(`before ${name}`);
        const result = await call(...parameters);
        if (crash === 'after') throw new Crash(`after ${name}`);
        return result;
      };
    },
  });
}
