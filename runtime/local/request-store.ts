import type { RequestHead } from '../domain/request';
import type {
  Backlog,
  BlobStore,
  EventCursor,
  RequestEvent,
  RequestInput,
  RequestStore,
  StoredEvent,
  StoredResponse,
} from '../ports';
import type { Database } from './database';
import { RecentRequests, type RequestRecord } from './recent-requests';
import { RequestChanges } from './request-changes';
import { RequestEvents } from './request-events';
import { RequestRows } from './request-rows';
import { UnwrittenRequests } from './unwritten-requests';
import { WaitingRequests } from './waiting-requests';

/**
 * Requests in SQLite. Blobs that belong to a request go with it.
 *
 * What must not be lost is on the disk before it is known to anybody. What may be lost with the process is known at once
 * and written soon, together with what follows: a direct call that was answered by then costs a single write.
 */
export class SqliteRequestStore implements RequestStore {
  private readonly changes = new RequestChanges();
  private readonly rows: RequestRows;
  private readonly unwritten: UnwrittenRequests;
  private readonly recent = new RecentRequests();
  private readonly queue: WaitingRequests;
  private readonly log: RequestEvents;

  constructor(
    private readonly database: Database,
    private readonly blobs: Pick<BlobStore, 'remove'>,
  ) {
    this.rows = new RequestRows(database);
    this.unwritten = new UnwrittenRequests(database, this.rows);
    this.queue = new WaitingRequests(database, () => {
      this.unwritten.settle();
    });
    this.log = new RequestEvents(database);
  }

  async create(head: RequestHead, input: RequestInput): Promise<boolean> {
    return this.store({ head, input });
  }

  async replace(next: RequestHead, response?: StoredResponse): Promise<boolean> {
    return this.store(response === undefined ? { head: next } : { head: next, response });
  }

  async get(id: string): Promise<RequestHead | undefined> {
    return this.head(id);
  }

  async remove(id: string): Promise<void> {
    this.unwritten.settle();
    // Blobs go first: whoever stops in between leaves a record that the next sweep removes, not a blob nobody knows.
    await this.removeBlob(this.rows.input(id));
    await this.removeBlob(this.rows.response(id));
    await this.database.write(() => {
      this.forget(id);
      this.rows.remove(id);
    }, 'killed process');
    this.changes.announce(id);
  }

  async input(id: string): Promise<RequestInput | undefined> {
    return this.recent.takeInput(id) ?? this.unwritten.get(id)?.input ?? this.rows.input(id);
  }

  async discardInput(id: string): Promise<void> {
    this.unwritten.settle();
    await this.removeBlob(this.rows.input(id));
    await this.database.write(() => {
      this.recent.takeInput(id);
      this.rows.removeInput(id);
    });
  }

  async response(id: string): Promise<StoredResponse | undefined> {
    return this.recent.takeResponse(id) ?? this.unwritten.get(id)?.response ?? this.rows.response(id);
  }

  async waiting(
    app: string,
    limit: number,
    after?: Pick<RequestHead, 'priority' | 'id'>,
  ): Promise<readonly RequestHead[]> {
    return this.queue.page(app, limit, after);
  }

  async position(head: RequestHead): Promise<number> {
    return this.queue.position(head);
  }

  async backlog(app: string, submittedUntil: number): Promise<Backlog> {
    return this.queue.backlog(app, submittedUntil);
  }

  async due(now: number, limit: number): Promise<readonly RequestHead[]> {
    this.unwritten.settle();
    return this.rows.heads('due_at <= ? ORDER BY due_at LIMIT ?', now, limit);
  }

  async webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]> {
    this.unwritten.settle();
    return this.rows.heads('webhook_due_at <= ? ORDER BY webhook_due_at LIMIT ?', now, limit);
  }

  async expired(now: number, limit: number): Promise<readonly string[]> {
    this.unwritten.settle();
    const rows = this.database.all<readonly [string]>(
      'SELECT id FROM requests WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
      now,
      limit,
    );
    return rows.map(([id]) => id);
  }

  async list(app: string, limit: number, before?: string): Promise<readonly RequestHead[]> {
    this.unwritten.settle();
    return before === undefined
      ? this.rows.heads('app = ? ORDER BY id DESC LIMIT ?', app, limit)
      : this.rows.heads('app = ? AND id < ? ORDER BY id DESC LIMIT ?', app, before, limit);
  }

  async appendEvents(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void> {
    this.recent.speaks(id);
    // The log is of requests that have a row.
    if (this.unwritten.get(id) !== undefined) this.unwritten.settle();
    await this.log.append(id, attempt, first, events);
    this.changes.announce(id);
  }

  async events(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]> {
    return this.recent.isSilent(id) ? [] : this.log.read(id, after, limit);
  }

  async changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.changes.next(id, timeoutMs, signal);
  }

  private head(id: string): RequestHead | undefined {
    return this.recent.head(id) ?? this.unwritten.get(id)?.head ?? this.rows.head(id);
  }

  /** Stores a head in place of the one a version before, which for the first version is none. */
  private async store(record: RequestRecord): Promise<boolean> {
    const { head } = record;
    const stored = mayBeLost(head) && this.unwritten.accepts ? this.storeSoon(record) : await this.storeNow(record);
    if (stored) this.changes.announce(head.id);
    return stored;
  }

  private storeSoon(record: RequestRecord): boolean {
    const { id, version } = record.head;
    if ((this.head(id)?.version ?? 0) !== version - 1) return false;
    this.unwritten.add(record);
    this.remember(record);
    return true;
  }

  private async storeNow(record: RequestRecord): Promise<boolean> {
    const { head } = record;
    try {
      return await this.unwritten.write(
        record,
        () => {
          this.remember(record);
        },
        mayBeLost(head) ? 'killed process' : 'power cut',
      );
    } catch (error) {
      this.recent.forget(head.id);
      this.queue.forget(head.app);
      throw error;
    }
  }

  private remember(record: RequestRecord): void {
    this.recent.put(record);
    this.queue.note(record.head);
  }

  private forget(id: string): void {
    const head = this.head(id);
    this.unwritten.forget(id);
    this.recent.forget(id);
    if (head !== undefined) this.queue.forget(head.app);
  }

  private async removeBlob(part: RequestInput | StoredResponse | undefined): Promise<void> {
    if (part !== undefined && 'blob' in part.body) await this.blobs.remove(part.body.blob);
  }
}

/**
 * What a caller of the queue was told must outlast everything; a claim or a heartbeat need not, as their work is then
 * merely repeated. A direct call ends with its connection anyway.
 */
function mayBeLost({ mode, state, cancelRequested = false }: RequestHead): boolean {
  return mode === 'run' || (state === 'IN_PROGRESS' && !cancelRequested);
}
