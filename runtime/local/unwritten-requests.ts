import type { Database, Durability } from './database';
import type { RequestRecord } from './recent-requests';
import type { RequestRows } from './request-rows';

/**
 * Requests that are newer than their rows, or have none yet. They are written in the next transaction, at the latest in
 * the one that `Database.soon` makes; of several changes to one request only the last is written.
 */
export class UnwrittenRequests {
  private readonly records = new Map<string, RequestRecord>();
  /** Records that go into the database with a change that is being written. */
  private readonly included = new Set<RequestRecord>();
  private asked = false;
  private failed = false;

  constructor(
    private readonly database: Database,
    private readonly rows: RequestRows,
  ) {}

  /** False after a failure, until a write succeeds again: nobody may believe then that something will be written. */
  get accepts(): boolean {
    return !this.failed;
  }

  get(id: string): RequestRecord | undefined {
    return this.records.get(id);
  }

  add(record: RequestRecord): void {
    const { id } = record.head;
    this.records.set(id, { ...this.records.get(id), ...record });
    this.askToWrite();
  }

  forget(id: string): void {
    this.records.delete(id);
  }

  /** Writes everything at once. A failure shows in `accepts`. */
  settle(): void {
    if (this.records.size === 0) return;
    this.askToWrite();
    this.database.flush();
  }

  /**
   * Writes a head in place of the one a version before, with what is unwritten of that, and resolves with whether it was
   * there. `stored` runs in the same transaction.
   */
  async write(record: RequestRecord, stored: () => void, durability: Durability): Promise<boolean> {
    let before: RequestRecord | undefined;
    try {
      const done = await this.database.write(() => {
        before = this.records.get(record.head.id);
        if (!this.writeAfter(before, record)) return false;
        stored();
        return true;
      }, durability);
      this.failed = false;
      if (done) this.written(before);
      return done;
    } finally {
      if (before !== undefined) this.included.delete(before);
    }
  }

  private writeAfter(before: RequestRecord | undefined, record: RequestRecord): boolean {
    const { version } = record.head;
    if (before === undefined) return version === 1 ? this.rows.create(record) : this.rows.replace(record);
    if (before.head.version !== version - 1) return false;
    this.included.add(before);
    return this.rows.put({ ...before, ...record });
  }

  private askToWrite(): void {
    if (this.asked) return;
    this.asked = true;
    this.database
      .soon(() => this.writeAll())
      .then(
        (records) => {
          this.failed = false;
          records.forEach((record) => {
            this.written(record);
          });
        },
        () => {
          this.asked = false;
          this.failed = true;
        },
      );
  }

  private writeAll(): readonly RequestRecord[] {
    // What is added from now on has to ask again.
    this.asked = false;
    const records = [...this.records.values()].filter((record) => !this.included.has(record));
    for (const record of records) this.rows.put(record);
    return records;
  }

  private written(record: RequestRecord | undefined): void {
    if (record !== undefined && this.records.get(record.head.id) === record) this.records.delete(record.head.id);
  }
}
