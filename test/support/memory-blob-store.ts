import { createHash } from 'node:crypto';
import type { BlobInfo, BlobStore, StoredBlob } from '../../runtime/ports';

/** Blobs in memory. */
export class MemoryBlobStore implements BlobStore {
  private readonly blobs = new Map<string, { readonly info: BlobInfo; readonly bytes: Buffer }>();

  async put(key: string, body: AsyncIterable<Uint8Array>, contentType: string): Promise<BlobInfo> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return this.store(key, Buffer.concat(chunks), contentType);
  }

  get(key: string, range?: { readonly start: number; readonly end?: number }): Promise<StoredBlob | undefined> {
    const blob = this.blobs.get(key);
    if (blob === undefined) return Promise.resolve(undefined);
    const end = range?.end === undefined ? undefined : range.end + 1;
    const body = ReadableStream.from([blob.bytes.subarray(range?.start, end)]);
    return Promise.resolve({ ...blob.info, body });
  }

  info(key: string): Promise<BlobInfo | undefined> {
    return Promise.resolve(this.blobs.get(key)?.info);
  }

  compose(key: string, parts: readonly string[], contentType: string): Promise<BlobInfo> {
    const bytes = parts.map((part) => {
      const blob = this.blobs.get(part);
      if (blob === undefined) throw new Error(`There is no blob ${part}`);
      return blob.bytes;
    });
    for (const part of parts) this.blobs.delete(part);
    return Promise.resolve(this.store(key, Buffer.concat(bytes), contentType));
  }

  remove(key: string): Promise<void> {
    this.blobs.delete(key);
    return Promise.resolve();
  }

  keys(): readonly string[] {
    return [...this.blobs.keys()];
  }

  private store(key: string, bytes: Buffer, contentType: string): BlobInfo {
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    const info = { key, contentType, size: bytes.length, etag };
    this.blobs.set(key, { info, bytes });
    return info;
  }
}
