import type { Priority, RequestHead } from '../domain/request';
import type { Backlog } from '../ports';
import type { Database, SqlValue } from './database';
import type { RecentHeads } from './recent-heads';

/** The column that puts waiting requests in order, before their ids; it is null for all others. */
export const QUEUE_RANK: Readonly<Record<Priority, number>> = { normal: 0, low: 1 };

/** The queue of each app: the requests that wait, in order, as an index of the table of requests. */
export class WaitingRequests {
  /** What was looked at since the last commit: many slots become free in one turn and look at the same. */
  private readonly pages = new Map<string, readonly RequestHead[]>();
  private pagesOf = 0;

  constructor(
    private readonly database: Database,
    private readonly recent: RecentHeads,
  ) {}

  /** Heads in queue order, from the start or behind `after`. Every claim begins here. */
  page(app: string, limit: number, after?: Pick<RequestHead, 'priority' | 'id'>): readonly RequestHead[] {
    if (this.pagesOf !== this.database.commits) this.pages.clear();
    this.pagesOf = this.database.commits;
    const key = JSON.stringify([app, limit, after?.priority, after?.id]);
    const page = this.pages.get(key) ?? this.read(app, limit, after);
    this.pages.set(key, page);
    return page;
  }

  position({ state, app, priority, id }: RequestHead): number {
    if (state !== 'IN_QUEUE') return 0;
    const [before] = this.database.first<readonly [number]>(POSITION, app, QUEUE_RANK[priority], id) ?? [0];
    return before;
  }

  backlog(app: string, submittedUntil: number): Backlog {
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

  /** What was written lately is known by its id, which the index has. */
  private read(
    app: string,
    limit: number,
    after: Pick<RequestHead, 'priority' | 'id'> | undefined,
  ): readonly RequestHead[] {
    const place = after === undefined ? [-1, ''] : [QUEUE_RANK[after.priority], after.id];
    const ids = this.array(IDS, app, ...place, limit) as readonly string[];
    const recent = ids.flatMap((id) => this.recent.get(id) ?? []);
    if (recent.length === ids.length) return recent;
    const heads = this.array(HEADS, app, ...place, limit) as readonly RequestHead[];
    for (const head of heads) this.recent.put(head);
    return heads;
  }

  /** The value of a query that makes a JSON array: rows cost more to fetch than to parse. */
  private array(sql: string, ...values: readonly SqlValue[]): readonly unknown[] {
    const [json] = this.database.first<readonly [string | null]>(sql, ...values) ?? [null];
    return json === null ? [] : (JSON.parse(json) as unknown[]);
  }
}

const HEADS = waiting('head');
const IDS = waiting(`'"' || id || '"'`);

function waiting(value: string): string {
  return `
    SELECT '[' || group_concat(value, ',' ORDER BY queue_rank, id) || ']' FROM (
      SELECT ${value} AS value, queue_rank, id FROM requests
      WHERE app = ? AND queue_rank IS NOT NULL AND (queue_rank, id) > (?, ?) ORDER BY queue_rank, id LIMIT ?
    )`;
}

const POSITION = `
  SELECT count(*) FROM requests WHERE app = ? AND queue_rank IS NOT NULL AND (queue_rank, id) < (?, ?)`;

const BACKLOG = `
  SELECT count(*), sum(submitted_at <= ?), min(submitted_at) FROM requests WHERE app = ? AND queue_rank IS NOT NULL`;

/** By itself the planner takes the index of all the app's requests, and so counts those of a month. */
const IN_PROGRESS = `
  SELECT count(*) FROM requests INDEXED BY requests_in_progress WHERE app = ? AND in_progress IS NOT NULL`;
