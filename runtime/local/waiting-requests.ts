import { queueOrder, type Priority, type RequestHead } from '../domain/request';
import type { Backlog } from '../ports';
import type { Database } from './database';

/** The column that puts waiting requests in order, before their ids; it is null for all others. */
export const QUEUE_RANK: Readonly<Record<Priority, number>> = { normal: 0, low: 1 };

/** Heads of an app kept at hand, from the first that waits. */
const FRONT = 1_024;

type Place = Pick<RequestHead, 'priority' | 'id'>;

interface Front {
  /** In queue order, none missing between the first and the last. */
  readonly heads: RequestHead[];
  /** Nothing waits behind the last of them. */
  whole: boolean;
}

/**
 * The queue of each app: the requests that wait, in order. They are an index of the table of requests; the first of them,
 * where every claim begins, are kept at hand.
 */
export class WaitingRequests {
  private readonly fronts = new Map<string, Front>();

  /** `settle` brings the table up to what memory knows. */
  constructor(
    private readonly database: Database,
    private readonly settle: () => void,
  ) {}

  /** Told every new state of a request. */
  note(head: RequestHead): void {
    const front = this.fronts.get(head.app);
    if (front === undefined) return;
    const place = placeOf(front.heads, head);
    const known = front.heads[place]?.id === head.id;
    if (head.state !== 'IN_QUEUE') front.heads.splice(place, known ? 1 : 0);
    else if (known) front.heads[place] = head;
    else if (place < front.heads.length || front.whole) insert(front, place, head);
  }

  /** What was noted of the app may be wrong: the table knows. */
  forget(app: string): void {
    this.fronts.delete(app);
  }

  /** Heads in queue order, from the start or behind `after`. */
  page(app: string, limit: number, after?: Place): readonly RequestHead[] {
    const page = pageOf(this.front(app), limit, after);
    if (page !== undefined) return page;
    if (after !== undefined) return this.read(app, limit, after);
    this.forget(app);
    return pageOf(this.front(app), limit) ?? this.read(app, limit);
  }

  position(head: RequestHead): number {
    if (head.state !== 'IN_QUEUE') return 0;
    const { heads, whole } = this.front(head.app);
    const place = placeOf(heads, head);
    if (place < heads.length || whole) return place;
    this.settle();
    const [before] = this.database.first<readonly [number]>(POSITION, head.app, QUEUE_RANK[head.priority], head.id) ?? [
      0,
    ];
    return before;
  }

  backlog(app: string, submittedUntil: number): Backlog {
    this.settle();
    const [waiting, waitingSince, oldest] = this.database.first<readonly [number, number | null, number | null]>(
      BACKLOG,
      submittedUntil,
      app,
    ) ?? [0, null, null];
    const [inProgress] = this.database.first<readonly [number]>(IN_PROGRESS, app) ?? [0];
    return {
      waiting,
      waitingSince: waitingSince ?? 0,
      ...(oldest === null ? {} : { oldestWaitingAt: oldest }),
      inProgress,
    };
  }

  private front(app: string): Front {
    let front = this.fronts.get(app);
    if (front === undefined) {
      const heads = this.read(app, FRONT);
      front = { heads: [...heads], whole: heads.length < FRONT };
      this.fronts.set(app, front);
    }
    return front;
  }

  private read(app: string, limit: number, after?: Place): readonly RequestHead[] {
    this.settle();
    const place = after === undefined ? [-1, ''] : [QUEUE_RANK[after.priority], after.id];
    return this.database
      .all<readonly [string]>(HEADS, app, ...place, limit)
      .map(([head]) => JSON.parse(head) as RequestHead);
  }
}

/** Undefined when the front ends before the page does. */
function pageOf({ heads, whole }: Front, limit: number, after?: Place): readonly RequestHead[] | undefined {
  const start = after === undefined ? 0 : placeBehind(heads, after);
  return start + limit <= heads.length || whole ? heads.slice(start, start + limit) : undefined;
}

function insert(front: Front, place: number, head: RequestHead): void {
  front.heads.splice(place, 0, head);
  if (front.heads.length <= FRONT) return;
  front.heads.pop();
  front.whole = false;
}

/** The place of the first head that does not stand before this one. */
function placeOf(heads: readonly RequestHead[], head: Place): number {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = heads[middle];
    if (other !== undefined && queueOrder(other, head) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeBehind(heads: readonly RequestHead[], head: Place): number {
  const place = placeOf(heads, head);
  return heads[place]?.id === head.id ? place + 1 : place;
}

const HEADS = `
  SELECT head FROM requests
  WHERE app = ? AND queue_rank IS NOT NULL AND (queue_rank, id) > (?, ?) ORDER BY queue_rank, id LIMIT ?`;

const POSITION = `
  SELECT count(*) FROM requests WHERE app = ? AND queue_rank IS NOT NULL AND (queue_rank, id) < (?, ?)`;

const BACKLOG = `
  SELECT count(*), sum(submitted_at <= ?), min(submitted_at) FROM requests WHERE app = ? AND queue_rank IS NOT NULL`;

/** By itself the planner takes the index of all the app's requests, and so counts those of a month. */
const IN_PROGRESS = `
  SELECT count(*) FROM requests INDEXED BY requests_in_progress WHERE app = ? AND in_progress IS NOT NULL`;
