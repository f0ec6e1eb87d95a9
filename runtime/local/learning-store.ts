import type { LearningStore } from '../ports';
import type { Database } from './database';

/** What the controller has learned, in SQLite. */
export class SqliteLearningStore implements LearningStore {
  constructor(private readonly database: Database) {}

  async get(app: string): Promise<unknown> {
    const row = this.database.first<readonly [string]>('SELECT learning FROM learnings WHERE app = ?', app);
    return row && (JSON.parse(row[0]) as unknown);
  }

  async put(app: string, learning: object): Promise<void> {
    await this.database.write(() =>
      this.database.run(
        'INSERT OR REPLACE INTO learnings (app, learning) VALUES (?, ?)',
        app,
        JSON.stringify(learning),
      ),
    );
  }

  async remove(app: string): Promise<void> {
    await this.database.write(() => this.database.run('DELETE FROM learnings WHERE app = ?', app));
  }
}
