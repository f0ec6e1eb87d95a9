/** The adapters over one state folder, opened together. */
import { join } from 'node:path';
import type {
  AppStore,
  BlobStore,
  Clock,
  Doorbell,
  KeyStore,
  RequestStore,
  RunnerRegistry,
  SecretStore,
} from '../runtime/ports';
import { SqliteAppStore } from '../runtime/local/app-store';
import { FileBlobStore } from '../runtime/local/blob-store';
import { SystemClock } from '../runtime/local/clock';
import { Database } from '../runtime/local/database';
import { LocalDoorbell } from '../runtime/local/doorbell';
import { SqliteKeyStore } from '../runtime/local/key-store';
import { SqliteRequestStore } from '../runtime/local/request-store';
import { SqliteRunnerRegistry } from '../runtime/local/runner-registry';
import { FileSecretStore } from '../runtime/local/secret-store';

export interface Stores {
  readonly database: Database;
  readonly requests: RequestStore;
  readonly doorbell: Doorbell;
  readonly runners: RunnerRegistry;
  readonly apps: AppStore;
  readonly keys: KeyStore;
  readonly secrets: SecretStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  close(): void;
}

/** Opens a state folder. A UserError says that another platform has it open. */
export async function openStores(folder: string): Promise<Stores> {
  const database = Database.open(folder);
  const blobs = await FileBlobStore.open(join(folder, 'blobs'));
  return {
    database,
    blobs,
    requests: new SqliteRequestStore(database, blobs),
    doorbell: new LocalDoorbell(),
    runners: new SqliteRunnerRegistry(database),
    apps: new SqliteAppStore(database),
    keys: new SqliteKeyStore(database),
    secrets: new FileSecretStore(join(folder, 'secrets.json')),
    clock: new SystemClock(),
    close: () => {
      database.close();
    },
  };
}
