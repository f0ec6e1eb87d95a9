/** Remembers what was looked up for a moment, so that a busy caller costs one read a second instead of one a request. */
import type { Clock } from '../ports';

/** How long a look-up is believed: as long may a revoked key or changed access setting still work. */
const KEEP_MS = 1_000;

export class BriefCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly until: number }>();

  constructor(private readonly clock: Clock) {}

  /** Only what exists is remembered, so callers can't fill the cache with invented names. */
  async get(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const now = this.clock.now();
    const entry = this.entries.get(key);
    if (entry !== undefined && entry.until > now) return entry.value;
    const value = await load();
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, { value, until: now + KEEP_MS });
    return value;
  }
}
