import { SystemClock } from '../../../runtime/local/clock';
import { Database } from '../../../runtime/local/database';
import { SqliteRequestStore } from '../../../runtime/local/request-store';
import { describeRequestStore } from '../../contract/request-store';
import { temporaryFolder } from './state-folder';

describeRequestStore('SQLite', async () => {
  const folder = await temporaryFolder();
  const database = Database.open(folder.path);
  const store = new SqliteRequestStore(database, { remove: async () => undefined });
  const close = async (): Promise<void> => {
    database.close();
    await folder.remove();
  };
  return { store, clock: new SystemClock(), close };
});
