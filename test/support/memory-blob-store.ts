import { createHash } from 'node:crypto';
import type { BlobInfo, BlobStore, StoredBlob } from '../../runtime/ports';

/** Blobs in memory. */
export class MemoryBlobStore implements BlobStore {
  private readonly blobs = new Map<string, { readonly bytes: Buffer; readonly contentType: string }>();

  async put(key: string, body: AsyncIterable<Uint8Array>, contentType: string): Promise<BlobInfo> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return this.store(key, Buffer.concat(chunks), contentType);
  }

  async get(key: string, range?: { readonly start: number; readonly end?: number }): Promise<StoredBlob | undefined> {
    const info = await this.info(key);
    const bytes = this.blobs.get(key)?.bytes;
    if (info === undefined || bytes === undefined) return undefined;
    const wanted = range === undefined ? bytes : bytes.subarray(range.start, (range.end ?? Infinity) + 1);
    return { ...info, body: once(wanted) };
  }

  async info(key: string): Promise<BlobInfo | undefined> {
    const blob = this.blobs.get(key);
    if (blob === undefined) return undefined;
    const etag = `"${createHash('md5').update(blob.bytes).digest('hex')}"`;
    return { key, contentType: blob.contentType, size: blob.bytes.length, etag };
  }

  async compose(key: string, parts: readonly string[], contentType: string): Promise<BlobInfo> {
    const bytes = parts.map((part) => {
      const blob = this.blobs.get(part);
      if (blob === undefined) throw new Error(`No blob ${part}`);
      return blob.bytes;
    });
    for (const part of parts) this.blobs.delete(part);
    return this.store(key, Buffer.concat(bytes), contentType);
  }

  async remove(key: string): Promise<void> {
    this.blobs.delete(key);
  }

  keys(): readonly string[] {
    return [...this.blobs.keys()];
  }

  private async store(key: string, bytes: Buffer, contentType: string): Promise<BlobInfo> {
    this.blobs.set(key, { bytes, contentType });
    return (await this.info(key))!;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
