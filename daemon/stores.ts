/** The adapters over one state folder, opened together. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../runtime/domain/user-error';
import type {
  AppStore,
  BlobStore,
  Clock,
  Doorbell,
  GatewayRelay,
  KeyStore,
  LearningStore,
  RequestStore,
  RunnerRegistry,
  RunnerRelay,
  SecretStore,
} from '../runtime/ports';
import { FileAppLogs } from '../runtime/local/app-logs';
import { SqliteAppStore } from '../runtime/local/app-store';
import { FileBlobStore } from '../runtime/local/blob-store';
import { SystemClock } from '../runtime/local/clock';
import { Database } from '../runtime/local/database';
import { LocalDoorbell } from '../runtime/local/doorbell';
import { SqliteKeyStore } from '../runtime/local/key-store';
import { SqliteLearningStore } from '../runtime/local/learning-store';
import { SqliteRequestStore } from '../runtime/local/request-store';
import { SqliteRunnerRegistry } from '../runtime/local/runner-registry';
import { FileSecretStore } from '../runtime/local/secret-store';
import { LocalWebSocketRelay } from '../runtime/local/web-socket-relay';

export interface Stores {
  readonly database: Database;
  readonly requests: RequestStore;
  readonly doorbell: Doorbell;
  readonly runners: RunnerRegistry;
  readonly apps: AppStore;
  readonly keys: KeyStore;
  readonly learnings: LearningStore;
  readonly secrets: SecretStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly relay: GatewayRelay & RunnerRelay;
  /** What the apps print. */
  readonly logs: FileAppLogs;
  close(): void;
}

/** Opens a state folder. A UserError says that another platform has it open, or that it can't be written. */
export async function openStores(folder: string): Promise<Stores> {
  await makeFolder(folder);
  const database = Database.open(folder);
  const blobs = await FileBlobStore.open(join(folder, 'blobs'));
  const clock = new SystemClock();
  return {
    database,
    blobs,
    requests: new SqliteRequestStore(database, blobs),
    doorbell: new LocalDoorbell(),
    runners: new SqliteRunnerRegistry(database),
    apps: new SqliteAppStore(database),
    keys: new SqliteKeyStore(database),
    learnings: new SqliteLearningStore(database),
    secrets: new FileSecretStore(join(folder, 'secrets.json')),
    clock,
    logs: new FileAppLogs(join(folder, 'logs'), clock),
    relay: new LocalWebSocketRelay(),
    close: () => {
      database.close();
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
    // Some file systems (/proc, /sys) let root pass every check of permissions and yet take no file.
    await rmdir(await mkdtemp(join(folder, 'probe-')));
  } catch (error) {
    throw new UserError(`${folder} can't be the state folder: ${obstacle(error)}. Choose another with --state`);
  }
}

/** One by one: `mkdir` with `recursive` never returns where a parent exists and takes no folder, as in /proc. */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw error;
    await makeFolders(dirname(folder));
    await makeFolders(folder);
  }
}

function obstacle(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'there is a file of that name';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'it is on a read-only file system';
    case 'ENOENT':
      return 'its file system takes no files';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return String(error);
  }
}
