import { startWaiting, type Waiter } from './waiter';

/** Tells readers in this process that a request changed. A change that nobody waits for is forgotten. */
export class RequestChanges {
  private readonly waiters = new Map<string, Set<Waiter>>();

  announce(id: string): void {
    for (const waiter of [...(this.waiters.get(id) ?? [])]) waiter.wake();
  }

  async next(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const waiters = this.waiters.get(id) ?? new Set();
    this.waiters.set(id, waiters);
    const waiter: Waiter = startWaiting(timeoutMs, signal, () => {
      waiters.delete(waiter);
      if (waiters.size === 0) this.waiters.delete(id);
    });
    waiters.add(waiter);
    await waiter.woken;
  }
}
