/** Watches every write to a request store and refuses those that break a promise of the queue. */
import { MAX_ATTEMPTS, type RequestHead } from '../../runtime/domain/request';
import type { StoredResponse } from '../../runtime/ports';
import { MemoryRequestStore } from './memory-stores';

/** A store that checks each change against the one before. A broken promise throws here, at the write that broke it. */
export class WatchedRequestStore extends MemoryRequestStore {
  /** How often each request was ended. */
  readonly endings = new Map<string, number>();

  override async replace(next: RequestHead, response?: StoredResponse): Promise<boolean> {
    const before = await this.get(next.id);
    const stored = await super.replace(next, response);
    if (stored && before !== undefined) this.check(before, next);
    return stored;
  }

  private check(before: RequestHead, after: RequestHead): void {
    expect(after.attempt - after.refunds).toBeLessThanOrEqual(MAX_ATTEMPTS);
    expect(after.attempt).toBe(
      after.state === 'IN_PROGRESS' && before.state === 'IN_QUEUE' ? before.attempt + 1 : before.attempt,
    );
    if (before.state === 'COMPLETED') {
      expect(settledPart(after)).toEqual(settledPart(before));
    } else if (after.state === 'COMPLETED') {
      this.endings.set(after.id, (this.endings.get(after.id) ?? 0) + 1);
      expect(after.lease).toBeUndefined();
    }
    expect(after.lease === undefined).toBe(after.state !== 'IN_PROGRESS');
  }
}

/** All of a finished request but its webhook, which is delivered later. */
function settledPart({ webhook: _sent, version: _count, ...settled }: RequestHead): Partial<RequestHead> {
  return settled;
}
