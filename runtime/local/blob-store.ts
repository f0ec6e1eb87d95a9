import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireBlobKey } from '../domain/blob-key';
import type { BlobInfo, BlobStore, StoredBlob } from '../ports';
import { writeDurably } from './durable-file';
import { errorCode } from './error-code';

/** What is stored of a blob beside its bytes; `content` names their file, so that one rename switches from old to new. */
interface BlobRecord extends BlobInfo {
  readonly content: string;
}

/**
 * Blobs as files. A key never becomes a path: files are named by its hash, so keys that differ by case alone, or of
 * which one is a folder of the other, stay apart on every file system.
 */
export class FileBlobStore implements BlobStore {
  private constructor(private readonly folder: string) {}

  /** Opens the store of a folder that no other process uses, and clears what an interrupted upload left. */
  static async open(folder: string): Promise<FileBlobStore> {
    const store = new FileBlobStore(folder);
    await rm(store.uploads, { recursive: true, force: true });
    await mkdir(store.uploads, { recursive: true, mode: 0o700 });
    return store;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, contentType: string): Promise<BlobInfo> {
    const path = this.path(key);
    const before = await this.record(key);
    const content = randomUUID();
    const measured = new MeasuredBytes(body);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeDurably(`${path}.${content}`, measured, { temporaryFolder: this.uploads });
    const info = { key, contentType, size: measured.size, etag: measured.etag };
    try {
      await this.writeRecord(path, { ...info, content });
    } catch (error) {
      await rm(`${path}.${content}`, { force: true });
      throw error;
    }
    if (before !== undefined) await rm(`${path}.${before.content}`, { force: true });
    return info;
  }

  async get(key: string, range?: { readonly start: number; readonly end?: number }): Promise<StoredBlob | undefined> {
    const record = await this.record(key);
    if (record === undefined) return undefined;
    return { ...described(record), body: read(`${this.path(key)}.${record.content}`, record.size, range) };
  }

  async info(key: string): Promise<BlobInfo | undefined> {
    const record = await this.record(key);
    return record && described(record);
  }

  async compose(key: string, parts: readonly string[], contentType: string): Promise<BlobInfo> {
    const info = await this.put(key, this.concatenated(parts), contentType);
    for (const part of parts) if (part !== key) await this.remove(part);
    return info;
  }

  async remove(key: string): Promise<void> {
    const record = await this.record(key);
    if (record === undefined) return;
    await rm(`${this.path(key)}.json`, { force: true });
    await rm(`${this.path(key)}.${record.content}`, { force: true });
  }

  private async *concatenated(parts: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      const blob = await this.get(part);
      if (blob === undefined) throw new Error(`There is no blob ${part}`);
      yield* blob.body;
    }
  }

  private async record(key: string): Promise<BlobRecord | undefined> {
    try {
      return JSON.parse(await readFile(`${this.path(key)}.json`, 'utf8')) as BlobRecord;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async writeRecord(path: string, record: BlobRecord): Promise<void> {
    await writeDurably(`${path}.json`, [Buffer.from(JSON.stringify(record))], { temporaryFolder: this.uploads });
  }

  private path(key: string): string {
    const hash = createHash('sha256').update(requireBlobKey(key)).digest('hex');
    return join(this.folder, hash.slice(0, 2), hash);
  }

  private get uploads(): string {
    return join(this.folder, 'uploads');
  }
}

/** Passes bytes on and knows their size and entity tag afterwards. */
class MeasuredBytes implements AsyncIterable<Uint8Array> {
  size = 0;
  private readonly hash = createHash('sha256');

  constructor(private readonly source: AsyncIterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.source) {
      this.size += bytes.length;
      this.hash.update(bytes);
      yield bytes;
    }
  }

  get etag(): string {
    return `"${this.hash.copy().digest('hex').slice(0, 32)}"`;
  }
}

/** The file is opened when reading begins, so a body that nobody reads costs nothing. */
async function* read(
  path: string,
  size: number,
  range?: { readonly start: number; readonly end?: number },
): AsyncGenerator<Uint8Array> {
  if (range !== undefined && (range.start >= size || (range.end ?? size) < range.start)) return;
  yield* createReadStream(path, range) as AsyncIterable<Uint8Array>;
}

function described({ content: _content, ...info }: BlobRecord): BlobInfo {
  return info;
}
