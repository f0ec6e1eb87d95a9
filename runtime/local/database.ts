/**
 * The one SQLite file of a state folder, and the only place that writes to it.
 *
 * All writes asked for in one turn of the event loop share a transaction, with those that waited for one. A commit is in
 * the system's hands, so a killed process loses nothing of it. Who must not lose it in a power cut either waits for the
 * write-ahead log to be synced, which happens beside the event loop and is shared, too; SQLite itself syncs before and
 * after each checkpoint (`synchronous=NORMAL`), so a power cut never damages the file: at most the latest commits are
 * undone, in order.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { StoreFullError } from '../domain/store-full-error';
import { UserError } from '../domain/user-error';
import { errorCode } from './error-code';
import { outOfRoom } from './out-of-room';
import { MIGRATIONS } from './schema';
import { SharedSync } from './shared-sync';

const FILE_NAME = 'sgpu.db';

/** After a checkpoint the write-ahead log is cut back to this, so that one burst does not keep the space for ever. */
const LOG_SIZE_LIMIT = 64 * 1024 * 1024;

/** How long a write that need not be at once waits for others to share their transaction, in ms. */
const SOON_MS = 20;

export type SqlValue = string | number | Uint8Array | null;
type Row = readonly unknown[];

/** What a write has survived for certain when it resolves. */
export type Durability = 'power cut' | 'killed process';

interface Write {
  readonly durability: Durability;
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class Database {
  private readonly statements = new Map<string, Libsql.Statement>();
  private pending: Write[] = [];
  private patient: Write[] = [];
  private flushing: NodeJS.Immediate | undefined;
  private flushingSoon: NodeJS.Timeout | undefined;
  private closed = false;

  private constructor(
    private readonly connection: Libsql.Database,
    private readonly log: SharedSync,
  ) {}

  /**
   * Opens the database of a state folder, which is made if it is missing.
   * A UserError says that another process has it open, or that a newer release wrote it.
   */
  static open(folder: string): Database {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const connection = new Libsql(join(folder, FILE_NAME));
    try {
      // Exclusive before WAL: the lock is then held until the file is closed, and no shared-memory file is needed.
      connection.pragma('locking_mode = EXCLUSIVE');
      connection.pragma('journal_mode = WAL');
      connection.pragma('synchronous = NORMAL');
      connection.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT}`);
      migrate(connection, folder);
      return new Database(connection, new SharedSync(join(folder, `${FILE_NAME}-wal`)));
    } catch (error) {
      connection.close();
      throw opening(error, folder);
    }
  }

  /**
   * Runs `work` in the next transaction and resolves with what it returned once nothing but what `durability` leaves out
   * can undo it. When `work` throws, its changes alone are undone. It may run twice, so it must do nothing but read and
   * write this database. A StoreFullError says that the disk is full.
   */
  write<T>(work: () => T, durability: Durability = 'power cut'): Promise<T> {
    if (this.closed) return Promise.reject(new Error('The database is closed'));
    this.flushing ??= setImmediate(this.flush);
    return new Promise<T>((resolve, reject) => {
      this.pending.push({ durability, work, resolve, reject });
    });
  }

  /** Like `write`, but at the end of whatever transaction comes next; after 20 ms in one of its own. */
  soon<T>(work: () => T): Promise<T> {
    if (this.closed) return Promise.reject(new Error('The database is closed'));
    this.flushingSoon ??= setTimeout(this.flush, SOON_MS);
    return new Promise<T>((resolve, reject) => {
      this.patient.push({ durability: 'killed process', work, resolve, reject });
    });
  }

  /** Commits what was asked for so far. */
  readonly flush = (): void => {
    clearImmediate(this.flushing);
    clearTimeout(this.flushingSoon);
    this.flushing = this.flushingSoon = undefined;
    const batch = [...this.pending, ...this.patient];
    if (batch.length === 0) return;
    this.pending = [];
    this.patient = [];
    if (!this.commit(batch)) for (const write of batch) this.commit([write]);
  };

  /** Runs a statement that changes rows and returns how many. For use inside `write` only. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    return this.kept(sql, () => this.connection.prepare(sql)).run(values).changes;
  }

  /* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- T is what the caller knows of the columns. */

  /** The first row, its columns in order. */
  first<T extends Row>(sql: string, ...values: readonly SqlValue[]): T | undefined {
    return this.query(sql).get(values) as T | undefined;
  }

  all<T extends Row>(sql: string, ...values: readonly SqlValue[]): readonly T[] {
    return this.query(sql).all(values) as T[];
  }

  /* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

  /** Commits what was asked for so far and gives the file free. */
  close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    this.unlock();
    this.statements.clear();
    this.connection.close();
    void this.log.close();
  }

  /** The driver keeps the file open until its statements are collected; only leaving WAL mode gives up the lock before. */
  private unlock(): void {
    try {
      this.connection.pragma('journal_mode = DELETE');
      this.connection.pragma('locking_mode = NORMAL');
      this.first('SELECT 1 FROM sqlite_master');
    } catch {
      // On a full disk the log can't be merged into the file. It stays for the next who opens it, and the lock until the
      // process ends.
    }
  }

  /** False when the batch was undone because one of several writes failed: each then has to stand alone. */
  private commit(batch: readonly Write[]): boolean {
    try {
      this.connection.exec('BEGIN IMMEDIATE');
      const results = batch.map(({ work }) => work());
      this.connection.exec('COMMIT');
      batch.forEach((write, index) => {
        this.settle(write, results[index]);
      });
      return true;
    } catch (error) {
      // SQLite itself has rolled back after some errors, a full disk among them.
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
      if (batch.length > 1) return false;
      batch[0]?.reject(writing(error));
      return true;
    }
  }

  private settle({ durability, resolve, reject }: Write, result: unknown): void {
    if (durability === 'killed process') resolve(result as never);
    else
      this.log.reached().then(
        () => {
          resolve(result as never);
        },
        (error: unknown) => {
          reject(writing(error));
        },
      );
  }

  /** A statement whose rows are arrays. */
  private query(sql: string): Libsql.Statement {
    return this.kept(sql, () => this.connection.prepare(sql).raw());
  }

  private kept(sql: string, prepare: () => Libsql.Statement): Libsql.Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = prepare();
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

function migrate(connection: Libsql.Database, folder: string): void {
  connection.exec('BEGIN IMMEDIATE');
  const [{ user_version: version }] = connection.pragma('user_version') as [{ user_version: number }];
  if (version > MIGRATIONS.length) {
    throw new UserError(
      `The state folder ${folder} was written by a newer sgpu; update sgpu or choose another --state`,
    );
  }
  for (const migration of MIGRATIONS.slice(version)) connection.exec(migration);
  connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  connection.exec('COMMIT');
}

function opening(error: unknown, folder: string): unknown {
  switch (errorCode(error)) {
    case 'SQLITE_BUSY':
      return new UserError(`The state folder ${folder} is in use by another sgpu; stop it or choose --state`);
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return new UserError(`${join(folder, FILE_NAME)} is damaged; restore it or choose another --state`);
    default:
      return writing(error);
  }
}

function writing(error: unknown): unknown {
  if (!outOfRoom(error)) return error;
  return new StoreFullError('The disk that holds the state folder is full; free some space, nothing was lost');
}
