/**
 * Waiting for a change of a request. DynamoDB can't say when an item changes, so it is asked: head and log, 1 read unit each
 * time. The pauses grow with the wait, which keeps both small: the answer is late by at most a quarter of what was waited
 * anyway (and by a second at most), and a wait of 2 s costs some 15 looks, one of a minute some 70.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** What a request looks like from outside; both parts only grow. */
export interface Snapshot {
  /** Absent when there is no such request. */
  readonly version?: number;
  /** Names the latest part of the log. */
  readonly event: string;
}

const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Requests remembered, so that a change between two waits is seen. */
const REMEMBERED = 1_000;

interface Memory {
  readonly snapshot: Partial<Snapshot>;
  /** Monotonic time of the last change. */
  readonly changedAt: number;
}

export class RequestChanges {
  private readonly memory = new Map<string, Memory>();

  constructor(private readonly look: (id: string) => Promise<Snapshot>) {}

  /** This process learned something about a request, by a read or by a write of its own. */
  saw(id: string, seen: Partial<Snapshot>): void {
    const before = this.memory.get(id);
    const snapshot = { ...before?.snapshot, ...seen };
    const changed = before === undefined || isNewer(snapshot, before.snapshot);
    this.memory.delete(id);
    this.memory.set(id, { snapshot, changedAt: changed ? performance.now() : before.changedAt });
    const [oldest] = this.memory.keys();
    if (this.memory.size > REMEMBERED && oldest !== undefined) this.memory.delete(oldest);
  }

  /** Returns at once after the first look at what this process has never seen: it may have changed just before. */
  async next(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const known = this.memory.get(id)?.snapshot ?? {};
    const end = performance.now() + timeoutMs;
    while (signal?.aborted !== true && performance.now() < end) {
      if (!(await pause(Math.min(this.pauseOf(id), end - performance.now()), signal))) return;
      const seen = await this.look(id);
      this.saw(id, seen);
      if (seen.version === undefined || isNewer(seen, known)) return;
    }
  }

  private pauseOf(id: string): number {
    const quiet = performance.now() - (this.memory.get(id)?.changedAt ?? performance.now());
    return Math.min(Math.max(quiet / 4, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  }
}

/** A look may lag behind what was seen before: older is not newer. */
function isNewer(seen: Partial<Snapshot>, known: Partial<Snapshot>): boolean {
  return (seen.version ?? 0) > (known.version ?? -1) || (seen.event ?? '') > (known.event ?? '\0');
}

/** False when it was aborted. */
async function pause(ms: number, signal?: AbortSignal): Promise<boolean> {
  return sleep(Math.max(ms, 0), true, { signal }).catch(() => false);
}
