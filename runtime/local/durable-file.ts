/** Files that are either there in full or not at all, also after a power cut. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreFullError } from '../domain/store-full-error';
import { outOfRoom } from './out-of-room';

/**
 * Writes beside the target (or in `temporaryFolder`, on the same disk) and renames. On an error the target is as before.
 * A StoreFullError says that the disk is full.
 */
export async function writeDurably(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { mode = 0o600, temporaryFolder = dirname(path) } = {},
): Promise<void> {
  const temporary = join(temporaryFolder, `${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      for await (const bytes of content) await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw outOfRoom(error)
      ? new StoreFullError(`The disk that holds ${dirname(path)} is full; free some space`)
      : error;
  }
}

/** Makes a rename in this folder last. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
