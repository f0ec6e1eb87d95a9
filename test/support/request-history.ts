/** Watches every write to a request store and finds those that break a promise of the queue. */
import { MAX_ATTEMPTS, type RequestHead } from '../../runtime/domain/request';
import type { RequestStore } from '../../runtime/ports';

/** Every version of every request that was stored, wherever it is stored. */
export class RequestHistory {
  private readonly versions = new Map<string, Map<number, RequestHead>>();

  /** The store itself, watched. */
  watching(store: RequestStore): RequestStore {
    return new Proxy(store, {
      get: (target, name: keyof RequestStore) => {
        const call = target[name].bind(target) as (...parameters: unknown[]) => Promise<unknown>;
        if (name !== 'create' && name !== 'replace') return call;
        return async (head: RequestHead, ...rest: unknown[]): Promise<unknown> => {
          const stored = await call(head, ...rest);
          if (stored === true) this.record(head);
          return stored;
        };
      },
    });
  }

  /** Throws when a change was not allowed after the one before. */
  check(): void {
    for (const heads of this.versions.values()) {
      for (const [version, after] of heads) {
        const before = heads.get(version - 1);
        if (version > 1) expect(before).toBeDefined();
        if (before !== undefined) checkChange(before, after);
      }
    }
  }

  /** How often the request was ended. */
  endings(id: string): number {
    const heads = this.versions.get(id) ?? new Map<number, RequestHead>();
    const ended = (version: number): boolean => heads.get(version)?.state === 'COMPLETED';
    return [...heads.keys()].filter((version) => ended(version) && !ended(version - 1)).length;
  }

  private record(head: RequestHead): void {
    const heads = this.versions.get(head.id) ?? new Map<number, RequestHead>();
    this.versions.set(head.id, heads);
    // Two writes that both stored the same version have both won one race.
    expect(heads.has(head.version)).toBe(false);
    heads.set(head.version, head);
  }
}

function checkChange(before: RequestHead, after: RequestHead): void {
  expect(after.attempt - after.refunds).toBeLessThanOrEqual(MAX_ATTEMPTS);
  expect(after.attempt).toBe(
    after.state === 'IN_PROGRESS' && before.state === 'IN_QUEUE' ? before.attempt + 1 : before.attempt,
  );
  if (before.state === 'COMPLETED') expect(settledPart(after)).toEqual(settledPart(before));
  expect(after.lease === undefined).toBe(after.state !== 'IN_PROGRESS');
}

/** All of a finished request but its webhook, which is delivered later. */
function settledPart({ webhook: _sent, version: _count, ...settled }: RequestHead): Partial<RequestHead> {
  return settled;
}
