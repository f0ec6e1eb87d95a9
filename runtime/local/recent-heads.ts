import type { RequestHead } from '../domain/request';

/** Heads kept: at about 1 KB each, a few MB. */
const KEPT = 4_096;

/**
 * The heads that were written last, or that stand first in a queue. Whoever follows a request asks for its head at every
 * step, and every claim looks at the first that wait; this saves most of those reads. It may serve them because nothing
 * else writes to the database.
 */
export class RecentHeads {
  private readonly heads = new Map<string, RequestHead>();

  get(id: string): RequestHead | undefined {
    return this.heads.get(id);
  }

  put(head: RequestHead): void {
    this.heads.delete(head.id);
    this.heads.set(head.id, head);
    if (this.heads.size > KEPT) this.forget(this.heads.keys().next().value ?? '');
  }

  forget(id: string): void {
    this.heads.delete(id);
  }
}
