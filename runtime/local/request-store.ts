import { dueAt, webhookDueAt, type RequestHead } from '../domain/request';
import type {
  Backlog,
  BlobStore,
  Body,
  EventCursor,
  RequestEvent,
  RequestInput,
  RequestStore,
  StoredEvent,
  StoredResponse,
} from '../ports';
import type { Database, Durability, SqlValue } from './database';
import { RecentHeads } from './recent-heads';
import { RequestChanges } from './request-changes';
import { RequestEvents } from './request-events';
import { QUEUE_RANK, WaitingRequests } from './waiting-requests';

type HeadRow = readonly [head: string];
type BodyColumns = readonly [bytes: Uint8Array | null, blob: string | null];

/** Requests in SQLite. Blobs that belong to a request go with it. */
export class SqliteRequestStore implements RequestStore {
  private readonly changes = new RequestChanges();
  private readonly log: RequestEvents;
  private readonly recent = new RecentHeads();
  private readonly queue: WaitingRequests;

  constructor(
    private readonly database: Database,
    private readonly blobs: Pick<BlobStore, 'remove'>,
  ) {
    this.log = new RequestEvents(database);
    this.queue = new WaitingRequests(database, this.recent);
  }

  async create(head: RequestHead, input: RequestInput): Promise<boolean> {
    const columns = [head.id, head.app, head.submittedAt, ...searchColumns(head), head.version, JSON.stringify(head)];
    const sent = [head.id, input.method, input.target, JSON.stringify(input.headers), ...bodyColumns(input.body)];
    return this.writeHead(head, () => {
      if (this.database.run(CREATE_HEAD, ...columns) === 0) return false;
      this.database.run('INSERT INTO inputs VALUES (?, ?, ?, ?, ?, ?)', ...sent);
      return true;
    });
  }

  async get(id: string): Promise<RequestHead | undefined> {
    const recent = this.recent.get(id);
    if (recent !== undefined) return recent;
    const row = this.database.first<HeadRow>('SELECT head FROM requests WHERE id = ?', id);
    return row && parseHead(row);
  }

  async replace(next: RequestHead, response?: StoredResponse): Promise<boolean> {
    const columns = [...searchColumns(next), next.version, JSON.stringify(next), next.id, next.version - 1];
    return this.writeHead(next, () => {
      if (this.database.run(REPLACE_HEAD, ...columns) === 0) return false;
      if (response !== undefined) this.storeResponse(next.id, response);
      return true;
    });
  }

  async remove(id: string): Promise<void> {
    // Blobs go first: whoever stops in between leaves a record that the next sweep removes, not a blob nobody knows.
    await this.removeBlob('inputs', id);
    await this.removeBlob('responses', id);
    await this.database.write(() => {
      this.recent.forget(id);
      for (const table of ['requests', 'inputs', 'responses', 'events'])
        this.database.run(`DELETE FROM ${table} WHERE id = ?`, id);
    }, 'killed process');
    this.changes.announce(id);
  }

  async input(id: string): Promise<RequestInput | undefined> {
    const row = this.database.first<readonly [string, string, string, ...BodyColumns]>(
      'SELECT method, target, headers, bytes, blob FROM inputs WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    const [method, target, headers, ...body] = row;
    return { method, target, headers: JSON.parse(headers) as RequestInput['headers'], body: parseBody(body) };
  }

  async discardInput(id: string): Promise<void> {
    await this.removeBlob('inputs', id);
    await this.database.write(() => this.database.run('DELETE FROM inputs WHERE id = ?', id));
  }

  async response(id: string): Promise<StoredResponse | undefined> {
    const row = this.database.first<readonly [number, string, ...BodyColumns]>(
      'SELECT status, headers, bytes, blob FROM responses WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    const [status, headers, ...body] = row;
    return { status, headers: JSON.parse(headers) as StoredResponse['headers'], body: parseBody(body) };
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
    return this.database
      .all<HeadRow>('SELECT head FROM requests WHERE due_at <= ? ORDER BY due_at LIMIT ?', now, limit)
      .map(parseHead);
  }

  async webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]> {
    return this.database
      .all<HeadRow>('SELECT head FROM requests WHERE webhook_due_at <= ? ORDER BY webhook_due_at LIMIT ?', now, limit)
      .map(parseHead);
  }

  async expired(now: number, limit: number): Promise<readonly string[]> {
    return this.database
      .all<readonly [string]>('SELECT id FROM requests WHERE expires_at <= ? ORDER BY expires_at LIMIT ?', now, limit)
      .map(([id]) => id);
  }

  async list(app: string, limit: number, before?: string): Promise<readonly RequestHead[]> {
    const rows =
      before === undefined
        ? this.database.all<HeadRow>('SELECT head FROM requests WHERE app = ? ORDER BY id DESC LIMIT ?', app, limit)
        : this.database.all<HeadRow>(
            'SELECT head FROM requests WHERE app = ? AND id < ? ORDER BY id DESC LIMIT ?',
            app,
            before,
            limit,
          );
    return rows.map(parseHead);
  }

  async appendEvents(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void> {
    await this.log.append(id, attempt, first, events);
    this.changes.announce(id);
  }

  async events(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]> {
    return this.log.read(id, after, limit);
  }

  async changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.changes.next(id, timeoutMs, signal);
  }

  /** Runs a write that stores `head` where it returns true, and tells who waits for a change. */
  private async writeHead(head: RequestHead, store: () => boolean): Promise<boolean> {
    try {
      const stored = await this.database.write(() => {
        const done = store();
        if (done) this.recent.put(head);
        return done;
      }, durabilityOf(head));
      if (stored) this.changes.announce(head.id);
      return stored;
    } catch (error) {
      this.recent.forget(head.id);
      throw error;
    }
  }

  private storeResponse(id: string, { status, headers, body }: StoredResponse): void {
    const columns = [id, status, JSON.stringify(headers), ...bodyColumns(body)];
    this.database.run('INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?)', ...columns);
  }

  private async removeBlob(table: 'inputs' | 'responses', id: string): Promise<void> {
    const [blob] = this.database.first<readonly [string | null]>(`SELECT blob FROM ${table} WHERE id = ?`, id) ?? [
      null,
    ];
    if (blob !== null) await this.blobs.remove(blob);
  }
}

const CREATE_HEAD = 'INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

const REPLACE_HEAD = `
  UPDATE requests SET queue_rank = ?, in_progress = ?, due_at = ?, webhook_due_at = ?, expires_at = ?, version = ?, head = ?
  WHERE id = ? AND version = ?`;

/**
 * What a caller of the queue was told must outlast a power cut; a claim or a heartbeat need not, as their work is then
 * merely repeated. A direct call ends with its connection anyway.
 */
function durabilityOf({ mode, state, cancelRequested = false }: RequestHead): Durability {
  return mode === 'run' || (state === 'IN_PROGRESS' && !cancelRequested) ? 'killed process' : 'power cut';
}

/** queue_rank, in_progress, due_at, webhook_due_at, expires_at */
function searchColumns(head: RequestHead): readonly SqlValue[] {
  return [
    head.state === 'IN_QUEUE' ? QUEUE_RANK[head.priority] : null,
    head.state === 'IN_PROGRESS' ? 1 : null,
    dueAt(head) ?? null,
    webhookDueAt(head) ?? null,
    head.expiresAt ?? null,
  ];
}

function bodyColumns(body: Body): BodyColumns {
  return 'bytes' in body ? [body.bytes, null] : [null, body.blob];
}

function parseBody([bytes, blob]: BodyColumns): Body {
  return blob === null ? { bytes: bytes ?? new Uint8Array() } : { blob };
}

function parseHead([head]: HeadRow): RequestHead {
  return JSON.parse(head) as RequestHead;
}
