/**
 * Items of requests that this process has just read: who asks for a head asks for a body next, which lies in the same item.
 * Each is used once, so that nothing is kept longer than it takes to ask.
 */
import { HEAD } from './request-item';
import type { Item } from './dynamo-table';

/** Ms for which what was read is believed: as long may an answer be given that somebody else has just taken back. */
const BELIEVED_MS = 1_000;

/** Items hold what lies beside their head only: 2 KB each. */
const KEPT = 256;

interface Recent {
  readonly item: Item;
  readonly until: number;
}

export class RecentItems {
  private readonly items = new Map<string, Recent>();

  saw(id: string, item: Item, now: number): void {
    this.items.delete(id);
    this.items.set(id, { item, until: now + BELIEVED_MS });
    const [oldest] = this.items.keys();
    if (this.items.size > KEPT && oldest !== undefined) this.items.delete(oldest);
  }

  /** This process wrote the head: its input is as it was, its answer may not be. */
  written(id: string): void {
    const recent = this.items.get(id);
    if (recent === undefined) return;
    const { [HEAD.response]: _response, [HEAD.responseKey]: _apart, ...item } = recent.item;
    this.items.set(id, { ...recent, item });
  }

  forget(id: string): void {
    this.items.delete(id);
  }

  take(id: string, now: number): Item | undefined {
    const recent = this.items.get(id);
    this.items.delete(id);
    return recent === undefined || recent.until <= now ? undefined : recent.item;
  }
}
