/** The contract suites against the adapters of one machine. */
import { join } from 'node:path';
import { SqliteAppStore } from '../../../runtime/local/app-store';
import { FileBlobStore } from '../../../runtime/local/blob-store';
import { SystemClock } from '../../../runtime/local/clock';
import { Database } from '../../../runtime/local/database';
import { LocalDoorbell } from '../../../runtime/local/doorbell';
import { SqliteKeyStore } from '../../../runtime/local/key-store';
import { SqliteLearningStore } from '../../../runtime/local/learning-store';
import { SqliteRequestStore } from '../../../runtime/local/request-store';
import { SqliteRunnerRegistry } from '../../../runtime/local/runner-registry';
import { FileSecretStore } from '../../../runtime/local/secret-store';
import { describeAppStore } from '../../contract/app-store';
import { describeBlobStore } from '../../contract/blob-store';
import { describeDoorbell } from '../../contract/doorbell';
import { describeKeyStore } from '../../contract/key-store';
import { describeLearningStore } from '../../contract/learning-store';
import { describeRequestStore } from '../../contract/request-store';
import { describeRunnerRegistry } from '../../contract/runner-registry';
import { describeSecretStore } from '../../contract/secret-store';
import { temporaryFolder } from './state-folder';

async function openDatabase(): Promise<{ readonly database: Database; readonly close: () => Promise<void> }> {
  const folder = await temporaryFolder();
  const database = Database.open(folder.path);
  const close = async (): Promise<void> => {
    database.close();
    await folder.remove();
  };
  return { database, close };
}

describeRequestStore('SqliteRequestStore', async () => {
  const { database, close } = await openDatabase();
  const store = new SqliteRequestStore(database, { remove: async () => undefined });
  return { store, clock: new SystemClock(), close };
});

describeRunnerRegistry('SqliteRunnerRegistry', async () => {
  const { database, close } = await openDatabase();
  return { runners: new SqliteRunnerRegistry(database), close };
});

describeAppStore('SqliteAppStore', async () => {
  const { database, close } = await openDatabase();
  return { apps: new SqliteAppStore(database), close };
});

describeKeyStore('SqliteKeyStore', async () => {
  const { database, close } = await openDatabase();
  return { keys: new SqliteKeyStore(database), close };
});

describeLearningStore('SqliteLearningStore', async () => {
  const { database, close } = await openDatabase();
  return { learnings: new SqliteLearningStore(database), close };
});

describeBlobStore('FileBlobStore', async () => {
  const folder = await temporaryFolder();
  return { blobs: await FileBlobStore.open(folder.path), leastPart: 1, close: folder.remove };
});

describeSecretStore('FileSecretStore', async () => {
  const folder = await temporaryFolder();
  return { secrets: new FileSecretStore(join(folder.path, 'secrets.json')), close: folder.remove };
});

describeDoorbell('LocalDoorbell', async () => ({
  doorbell: new LocalDoorbell(),
  prepare: async () => undefined,
  close: async () => undefined,
}));
