import type { ApiKey, KeyStore } from '../ports';
import type { Database } from './database';

/** API keys in SQLite, listed in the order they were made. */
export class SqliteKeyStore implements KeyStore {
  constructor(private readonly database: Database) {}

  async put(key: ApiKey): Promise<void> {
    await this.database.write(() =>
      this.database.run(
        'INSERT OR REPLACE INTO keys (id, created_at, record) VALUES (?, ?, ?)',
        key.id,
        key.createdAt,
        JSON.stringify(key),
      ),
    );
  }

  async get(id: string): Promise<ApiKey | undefined> {
    const row = this.database.first<readonly [string]>('SELECT record FROM keys WHERE id = ?', id);
    return row && (JSON.parse(row[0]) as ApiKey);
  }

  async list(): Promise<readonly ApiKey[]> {
    return this.database
      .all<readonly [string]>('SELECT record FROM keys ORDER BY created_at, id')
      .map(([record]) => JSON.parse(record) as ApiKey);
  }

  async remove(id: string): Promise<boolean> {
    return this.database.write(() => this.database.run('DELETE FROM keys WHERE id = ?', id) === 1);
  }
}
