import { dueAt, webhookDueAt, type RequestHead } from '../domain/request';
import type { Body, RequestInput, StoredResponse } from '../ports';
import type { Database, SqlValue } from './database';
import type { RequestRecord } from './recent-requests';
import { QUEUE_RANK } from './waiting-requests';

type HeadRow = readonly [head: string];
type BodyColumns = readonly [bytes: Uint8Array | null, blob: string | null];

/** The rows of requests, of their inputs and of their responses. What writes is for use inside `Database.write` only. */
export class RequestRows {
  constructor(private readonly database: Database) {}

  /** Writes what is known of a request, unless its row is as new. False when it is. */
  put(record: RequestRecord): boolean {
    return this.headPut(PUT_HEAD, record);
  }

  /** Writes a new request; false when the id is taken. */
  create(record: RequestRecord): boolean {
    return this.headPut(CREATE_HEAD, record);
  }

  /** Writes a head in place of the one a version before; false when that is not there. */
  replace({ head, response }: RequestRecord): boolean {
    const values = [...searchColumns(head), head.version, JSON.stringify(head), head.id, head.version - 1];
    if (this.database.run(REPLACE_HEAD, ...values) === 0) return false;
    if (response !== undefined) this.putResponse(head.id, response);
    return true;
  }

  remove(id: string): void {
    for (const table of ['requests', 'inputs', 'responses', 'events'])
      this.database.run(`DELETE FROM ${table} WHERE id = ?`, id);
  }

  removeInput(id: string): void {
    this.database.run('DELETE FROM inputs WHERE id = ?', id);
  }

  head(id: string): RequestHead | undefined {
    const row = this.database.first<HeadRow>('SELECT head FROM requests WHERE id = ?', id);
    return row && parseHead(row);
  }

  /** The heads that a condition, an order and a limit select, as they stand behind `WHERE`. */
  heads(condition: string, ...values: readonly SqlValue[]): readonly RequestHead[] {
    return this.database.all<HeadRow>(`SELECT head FROM requests WHERE ${condition}`, ...values).map(parseHead);
  }

  input(id: string): RequestInput | undefined {
    const row = this.database.first<readonly [string, string, string, ...BodyColumns]>(
      'SELECT method, target, headers, bytes, blob FROM inputs WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    const [method, target, headers, ...body] = row;
    return { method, target, headers: JSON.parse(headers) as RequestInput['headers'], body: parseBody(body) };
  }

  response(id: string): StoredResponse | undefined {
    const row = this.database.first<readonly [number, string, ...BodyColumns]>(
      'SELECT status, headers, bytes, blob FROM responses WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    const [status, headers, ...body] = row;
    return { status, headers: JSON.parse(headers) as StoredResponse['headers'], body: parseBody(body) };
  }

  private headPut(sql: string, { head, input, response }: RequestRecord): boolean {
    const values = [head.id, head.app, head.submittedAt, ...searchColumns(head), head.version, JSON.stringify(head)];
    if (this.database.run(sql, ...values) === 0) return false;
    if (input !== undefined) this.putInput(head.id, input);
    if (response !== undefined) this.putResponse(head.id, response);
    return true;
  }

  private putInput(id: string, { method, target, headers, body }: RequestInput): void {
    const values = [id, method, target, JSON.stringify(headers), ...bodyColumns(body)];
    this.database.run('INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?)', ...values);
  }

  private putResponse(id: string, { status, headers, body }: StoredResponse): void {
    const values = [id, status, JSON.stringify(headers), ...bodyColumns(body)];
    this.database.run('INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?)', ...values);
  }
}

const CREATE_HEAD = 'INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

const PUT_HEAD = `
  INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    queue_rank = excluded.queue_rank, in_progress = excluded.in_progress, due_at = excluded.due_at,
    webhook_due_at = excluded.webhook_due_at, expires_at = excluded.expires_at,
    version = excluded.version, head = excluded.head
  WHERE excluded.version > requests.version`;

const REPLACE_HEAD = `
  UPDATE requests SET queue_rank = ?, in_progress = ?, due_at = ?, webhook_due_at = ?, expires_at = ?, version = ?, head = ?
  WHERE id = ? AND version = ?`;

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
