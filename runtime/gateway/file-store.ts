/**
 * Uploaded files on the blob store. What is known of a file lies beside its content in a small JSON blob, so that any blob
 * store will do. A file exists when both are there.
 */
import { randomBytes } from 'node:crypto';
import type { BlobInfo, BlobStore, Clock, StoredBlob } from '../ports';
import type { ByteRange } from './byte-range';
import type { AccessControlList } from './object-lifecycle';

export interface FileRecord {
  /** 128 random bits in hex: whoever knows the URL of a file may read it, unless its access list says otherwise. */
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  /** Who uploaded it, and may read it whatever the access list says. */
  readonly owner: string;
  /** When it stops existing, in ms since the epoch. Absent: never. */
  readonly expiresAt?: number;
  readonly acl?: AccessControlList;
}

export interface UploadedPart {
  readonly number: number;
  /** As it was answered to the part's upload, with or without the quotes. */
  readonly etag: string;
}

/** More bytes than the platform takes. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';

  constructor(readonly maxBytes: number) {
    super(`The file is larger than ${maxBytes} bytes, the most that this platform takes.`);
  }
}

/** The parts that a client names are not those it uploaded. The message is for the caller. */
export class PartsError extends Error {
  override readonly name = 'PartsError';
}

export const MAX_PARTS = 10_000;

export class FileStore {
  constructor(
    private readonly blobs: BlobStore,
    private readonly clock: Clock,
    readonly maxBytes: number,
  ) {}

  static newId(): string {
    return randomBytes(16).toString('hex');
  }

  /** The file, unless it never was, was never finished or has expired; what expired is removed on the way. */
  async find(id: string): Promise<FileRecord | undefined> {
    if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
    const blob = await this.blobs.get(recordKey(id));
    if (blob === undefined) return undefined;
    const file = JSON.parse((await collect(blob.body)).toString()) as FileRecord;
    if (file.expiresAt === undefined || this.clock.now() < file.expiresAt) return file;
    await this.remove(id);
    return undefined;
  }

  info(id: string): Promise<BlobInfo | undefined> {
    return this.blobs.info(contentKey(id));
  }

  open(id: string, range?: ByteRange): Promise<StoredBlob | undefined> {
    return this.blobs.get(contentKey(id), range);
  }

  /**
   * Where the caller can send a file of up to 5 GiB in one PUT, without coming through here; undefined when the blob store
   * can't be reached by others. The file exists once its content has arrived.
   */
  async uploadUrl(file: FileRecord, seconds: number): Promise<string | undefined> {
    if (this.blobs.signedUrl === undefined) return undefined;
    await this.saveRecord(file);
    return this.blobs.signedUrl(contentKey(file.id), { method: 'PUT' }, seconds);
  }

  /** Where the file can be read without coming through here; undefined when the blob store can't be reached by others. */
  async downloadUrl(
    { id, contentType }: FileRecord,
    contentDisposition: string,
    seconds: number,
  ): Promise<string | undefined> {
    return this.blobs.signedUrl?.(contentKey(id), { method: 'GET', contentType, contentDisposition }, seconds);
  }

  /** @throws FileTooLargeError, with nothing stored. */
  async save(file: FileRecord, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.blobs.put(contentKey(file.id), limited(body, this.maxBytes), file.contentType);
    await this.saveRecord(file);
  }

  /**
   * Stores a part of a file; a part uploaded again takes the place of the last.
   *
   * @throws FileTooLargeError, with nothing stored.
   */
  savePart(file: FileRecord, number: number, body: AsyncIterable<Uint8Array>): Promise<BlobInfo> {
    return this.blobs.put(partKey(file.id, number), limited(body, this.maxBytes), file.contentType);
  }

  /**
   * Makes the file of its parts, whatever order they are named in: clients upload them side by side. Completing again
   * what was completed changes nothing, so that a client which missed the answer may ask once more.
   *
   * @throws PartsError, or FileTooLargeError with the parts removed.
   */
  async complete(file: FileRecord, parts: readonly UploadedPart[]): Promise<void> {
    if ((await this.info(file.id)) === undefined) await this.compose(file, parts);
    await this.saveRecord(file);
  }

  private async compose(file: FileRecord, parts: readonly UploadedPart[]): Promise<void> {
    const ordered = [...parts].sort((a, b) => a.number - b.number);
    if (ordered.length === 0) throw new PartsError('A file needs at least one part.');
    const repeated = ordered.find((part, index) => part.number === ordered[index - 1]?.number);
    if (repeated) throw new PartsError(`Part ${repeated.number} is named twice.`);
    const stored = await Promise.all(ordered.map((part) => this.storedPart(file, part)));
    const keys = stored.map((part) => part.key);
    if (stored.reduce((total, part) => total + part.size, 0) > this.maxBytes) {
      await Promise.all(keys.map((key) => this.blobs.remove(key)));
      throw new FileTooLargeError(this.maxBytes);
    }
    await this.blobs.compose(contentKey(file.id), keys, file.contentType);
  }

  private async storedPart(file: FileRecord, part: UploadedPart): Promise<BlobInfo> {
    const stored = await this.blobs.info(partKey(file.id, part.number));
    if (stored === undefined) throw new PartsError(`Part ${part.number} was not uploaded.`);
    if (unquoted(stored.etag) !== unquoted(part.etag)) {
      throw new PartsError(`Part ${part.number} is not the one whose etag is given.`);
    }
    return stored;
  }

  private async saveRecord(file: FileRecord): Promise<void> {
    await this.blobs.put(
      recordKey(file.id),
      ReadableStream.from([Buffer.from(JSON.stringify(file))]),
      'application/json',
    );
  }

  /** The record goes first: without it the file is gone, should the rest fail. */
  private async remove(id: string): Promise<void> {
    await this.blobs.remove(recordKey(id));
    await this.blobs.remove(contentKey(id));
  }
}

const contentKey = (id: string) => `files/${id}/content`;
const recordKey = (id: string) => `files/${id}/record`;
const partKey = (id: string, number: number) => `files/${id}/parts/${number}`;

const unquoted = (etag: string) => etag.replaceAll('"', '');

/** The same bytes, until there are too many: then the reader fails, and with it whatever stores them. */
async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new FileTooLargeError(maxBytes);
    yield chunk;
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
