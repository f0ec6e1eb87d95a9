import type { Database } from './database';
import { groupEnded, signalGroup, startOf } from './process-group';

/**
 * The process groups that this state folder has started, kept so that the next platform on it can end what a former one
 * left. The guard of each group does so at once; this is for a guard that was killed itself.
 */
export class ProcessRecords {
  constructor(private readonly database: Database) {}

  async add(group: number, runner: string): Promise<void> {
    const started = await startOf(group);
    if (started === undefined) return;
    await this.database.write(() =>
      this.database.run(
        'INSERT OR REPLACE INTO process_groups (leader, started, runner) VALUES (?, ?, ?)',
        group,
        started,
        runner,
      ),
    );
  }

  async remove(group: number): Promise<void> {
    await this.database.write(() => this.database.run('DELETE FROM process_groups WHERE leader = ?', group));
  }

  /** Kills every recorded group whose leader is still the process that was recorded, and forgets all. */
  async killLeftovers(): Promise<void> {
    const rows = this.database.all<readonly [number, string]>('SELECT leader, started FROM process_groups');
    await Promise.all(
      rows.map(async ([group, started]) => {
        if ((await startOf(group)) === started) {
          signalGroup(group, 'SIGKILL');
          await groupEnded(group);
        }
        await this.remove(group);
      }),
    );
  }
}
