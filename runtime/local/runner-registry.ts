import type { RunnerRecord } from '../domain/runner';
import type { RunnerRegistry } from '../ports';
import type { Database, SqlValue } from './database';

/** How long a terminated runner is remembered, in ms: a week, so that "what happened at the weekend" has an answer. */
const REMEMBERED_MS = 7 * 24 * 3_600_000;

type RecordRow = readonly [record: string];

/** Runners in SQLite. Those that ended over a week ago are forgotten when a new one is written. */
export class SqliteRunnerRegistry implements RunnerRegistry {
  constructor(private readonly database: Database) {}

  async create(runner: RunnerRecord): Promise<boolean> {
    return this.database.write(() => {
      this.database.run('DELETE FROM runners WHERE terminated_at < ?', runner.createdAt - REMEMBERED_MS);
      return (
        this.database.run(
          'INSERT OR IGNORE INTO runners (id, app, terminated_at, version, record) VALUES (?, ?, ?, ?, ?)',
          runner.id,
          runner.app,
          ...recordColumns(runner),
        ) === 1
      );
    });
  }

  async get(id: string): Promise<RunnerRecord | undefined> {
    const row = this.database.first<RecordRow>('SELECT record FROM runners WHERE id = ?', id);
    return row && parseRecord(row);
  }

  async replace(next: RunnerRecord): Promise<boolean> {
    return this.database.write(
      () =>
        this.database.run(
          'UPDATE runners SET terminated_at = ?, version = ?, record = ? WHERE id = ? AND version = ?',
          ...recordColumns(next),
          next.id,
          next.version - 1,
        ) === 1,
    );
  }

  async list(app: string, terminatedSince = Number.MAX_SAFE_INTEGER): Promise<readonly RunnerRecord[]> {
    return this.database
      .all<RecordRow>(
        'SELECT record FROM runners WHERE app = ? AND (terminated_at IS NULL OR terminated_at >= ?) ORDER BY id',
        app,
        terminatedSince,
      )
      .map(parseRecord);
  }

  async joinReady(app: string, revision: string, runner: string): Promise<void> {
    await this.database.write(() =>
      this.database.run(
        'INSERT OR IGNORE INTO ready_runners (app, revision, runner) VALUES (?, ?, ?)',
        app,
        revision,
        runner,
      ),
    );
  }

  async leaveReady(app: string, revision: string, runner: string): Promise<void> {
    await this.database.write(() => {
      this.takeOut(app, revision, runner);
    });
  }

  async retire(app: string, revision: string, runner: string): Promise<boolean> {
    return this.database.write(() => {
      const { floor, runners } = this.set(app, revision);
      if (!runners.includes(runner)) return true;
      if (runners.length <= floor) return false;
      this.takeOut(app, revision, runner);
      return true;
    });
  }

  async setFloor(app: string, revision: string, floor: number): Promise<void> {
    await this.database.write(() =>
      this.database.run('INSERT OR REPLACE INTO floors (app, revision, floor) VALUES (?, ?, ?)', app, revision, floor),
    );
  }

  async readySet(
    app: string,
    revision: string,
  ): Promise<{ readonly floor: number; readonly runners: readonly string[] }> {
    return this.set(app, revision);
  }

  private set(app: string, revision: string): { readonly floor: number; readonly runners: readonly string[] } {
    const [floor] = this.database.first<readonly [number]>(
      'SELECT floor FROM floors WHERE app = ? AND revision = ?',
      app,
      revision,
    ) ?? [0];
    const rows = this.database.all<readonly [string]>(
      'SELECT runner FROM ready_runners WHERE app = ? AND revision = ?',
      app,
      revision,
    );
    return { floor, runners: rows.map(([runner]) => runner) };
  }

  private takeOut(app: string, revision: string, runner: string): void {
    this.database.run('DELETE FROM ready_runners WHERE app = ? AND revision = ? AND runner = ?', app, revision, runner);
  }
}

/** terminated_at, version, record */
function recordColumns(runner: RunnerRecord): readonly SqlValue[] {
  return [runner.state === 'TERMINATED' ? runner.stateSince : null, runner.version, JSON.stringify(runner)];
}

function parseRecord([record]: RecordRow): RunnerRecord {
  return JSON.parse(record) as RunnerRecord;
}
