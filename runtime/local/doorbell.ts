import type { Doorbell } from '../ports';
import { startWaiting, type Waiter } from './waiter';

/** Rings kept for an app while nobody waits. More would only wake agents that find the queue empty. */
const RINGS_KEPT = 1_000;

interface Bell {
  rings: number;
  /** In order of arrival: the last one has just been at work, and gets the next. */
  readonly waiters: Set<Waiter>;
}

/** A doorbell for agents in this process. The agents that worked last are woken first, so the others can retire. */
export class LocalDoorbell implements Doorbell {
  private readonly bells = new Map<string, Bell>();

  async ring(app: string, times = 1): Promise<void> {
    const bell = this.bell(app);
    const woken = [...bell.waiters].reverse().slice(0, times);
    for (const waiter of woken) waiter.wake();
    bell.rings = Math.min(RINGS_KEPT, bell.rings + times - woken.length);
  }

  async wait(app: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return false;
    const bell = this.bell(app);
    if (bell.rings > 0) {
      bell.rings -= 1;
      return true;
    }
    const waiter: Waiter = startWaiting(timeoutMs, signal, () => bell.waiters.delete(waiter));
    bell.waiters.add(waiter);
    return waiter.woken;
  }

  private bell(app: string): Bell {
    let bell = this.bells.get(app);
    if (bell === undefined) {
      bell = { rings: 0, waiters: new Set() };
      this.bells.set(app, bell);
    }
    return bell;
  }
}
