import type { AppRecord, Decision } from '../domain/app';
import type { AppStore } from '../ports';
import type { Database } from './database';

/** Decisions remembered for each app. */
const DECISIONS_KEPT = 1_000;

/** Apps and the decisions taken for them, in SQLite. The newest thousand decisions of an app are kept. */
export class SqliteAppStore implements AppStore {
  constructor(private readonly database: Database) {}

  async put(app: AppRecord): Promise<void> {
    await this.database.write(() =>
      this.database.run('INSERT OR REPLACE INTO apps (id, record) VALUES (?, ?)', app.id, JSON.stringify(app)),
    );
  }

  async replace(read: AppRecord, next: AppRecord): Promise<boolean> {
    return this.database.write(
      () =>
        this.database.run(
          'UPDATE apps SET record = ? WHERE id = ? AND record = ?',
          JSON.stringify(next),
          read.id,
          JSON.stringify(read),
        ) === 1,
    );
  }

  async get(id: string): Promise<AppRecord | undefined> {
    const row = this.database.first<readonly [string]>('SELECT record FROM apps WHERE id = ?', id);
    return row && (JSON.parse(row[0]) as AppRecord);
  }

  async list(): Promise<readonly AppRecord[]> {
    return this.database
      .all<readonly [string]>('SELECT record FROM apps ORDER BY id')
      .map(([record]) => JSON.parse(record) as AppRecord);
  }

  async remove(id: string): Promise<void> {
    await this.database.write(() => {
      this.database.run('DELETE FROM apps WHERE id = ?', id);
      this.database.run('DELETE FROM decisions WHERE app = ?', id);
    });
  }

  async recordDecision(decision: Decision): Promise<void> {
    await this.database.write(() => {
      this.database.run('INSERT INTO decisions (app, decision) VALUES (?, ?)', decision.app, JSON.stringify(decision));
      this.database.run(FORGET_OLDEST, decision.app, decision.app, DECISIONS_KEPT);
    });
  }

  async decisions(app: string, limit: number): Promise<readonly Decision[]> {
    return this.database
      .all<readonly [string]>('SELECT decision FROM decisions WHERE app = ? ORDER BY number DESC LIMIT ?', app, limit)
      .map(([decision]) => JSON.parse(decision) as Decision);
  }
}

const FORGET_OLDEST = `
  DELETE FROM decisions WHERE app = ? AND number <=
    (SELECT number FROM decisions WHERE app = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`;
