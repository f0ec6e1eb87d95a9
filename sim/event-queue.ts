/** What happens next, by time. A binary heap on typed arrays: nothing is allocated for an event. */

export interface SimulationEvent {
  /** Milliseconds since the start of the simulation. */
  at: number;
  kind: number;
  /** What it happens to; the meaning of both numbers is the kind's. */
  subject: number;
  detail: number;
}

/** Events at one time happen in the order in which they were added, those with a rank after all without, by rank. */
export class EventQueue {
  private at = new Float64Array(INITIAL_SIZE);
  private order = new Float64Array(INITIAL_SIZE);
  private kind = new Uint8Array(INITIAL_SIZE);
  private subject = new Int32Array(INITIAL_SIZE);
  private detail = new Int32Array(INITIAL_SIZE);
  private count = 0;
  private added = 0;
  private ranked = 0;

  get size(): number {
    return this.count;
  }

  /** Events without a rank. */
  get unranked(): number {
    return this.count - this.ranked;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextAt(): number {
    return this.count === 0 ? Infinity : (this.at[0] ?? Infinity);
  }

  add(at: number, kind: number, subject: number, detail = 0, rank?: number): void {
    if (!(at >= 0 && at < Infinity)) throw new RangeError(`An event can't happen at ${at} ms`);
    if (this.count === this.at.length) this.grow();
    const order = rank === undefined ? this.added++ : RANKED + rank;
    if (rank !== undefined) this.ranked += 1;
    let place = this.count++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.isBefore(at, order, parent)) break;
      this.move(parent, place);
      place = parent;
    }
    this.at[place] = at;
    this.order[place] = order;
    this.kind[place] = kind;
    this.subject[place] = subject;
    this.detail[place] = detail;
  }

  /** Takes the next event out and writes it into `event`. False when there is none. */
  take(event: SimulationEvent): boolean {
    if (this.count === 0) return false;
    event.at = this.at[0] ?? 0;
    event.kind = this.kind[0] ?? 0;
    event.subject = this.subject[0] ?? 0;
    event.detail = this.detail[0] ?? 0;
    if ((this.order[0] ?? 0) >= RANKED) this.ranked -= 1;
    this.count -= 1;
    if (this.count > 0) this.sink(this.count);
    return true;
  }

  /** Puts the event at `last` where the first one was, and down to its place. */
  private sink(last: number): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.precedes(child + 1, child)) child += 1;
      if (!this.precedes(child, last)) break;
      this.move(child, place);
      place = child;
    }
    this.move(last, place);
  }

  private precedes(one: number, other: number): boolean {
    return this.isBefore(this.at[one] ?? 0, this.order[one] ?? 0, other);
  }

  private isBefore(at: number, order: number, other: number): boolean {
    const otherAt = this.at[other] ?? 0;
    return at < otherAt || (at === otherAt && order < (this.order[other] ?? 0));
  }

  private move(from: number, to: number): void {
    this.at[to] = this.at[from] ?? 0;
    this.order[to] = this.order[from] ?? 0;
    this.kind[to] = this.kind[from] ?? 0;
    this.subject[to] = this.subject[from] ?? 0;
    this.detail[to] = this.detail[from] ?? 0;
  }

  private grow(): void {
    const size = 2 * this.at.length;
    this.at = copied(this.at, new Float64Array(size));
    this.order = copied(this.order, new Float64Array(size));
    this.kind = copied(this.kind, new Uint8Array(size));
    this.subject = copied(this.subject, new Int32Array(size));
    this.detail = copied(this.detail, new Int32Array(size));
  }
}

const INITIAL_SIZE = 1024;

/** Above every count of events that a simulation could reach. */
const RANKED = 2 ** 50;

function copied<T extends Float64Array | Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
