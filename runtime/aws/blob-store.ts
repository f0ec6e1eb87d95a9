import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { requireBlobKey } from '../domain/blob-key';
import type { BlobInfo, BlobStore, SignedUse, StoredBlob } from '../ports';
import { composition, type Piece, type Slice } from './composition';
import { MultipartUpload, type Target } from './multipart-upload';
import { sideBySide } from './side-by-side';

/** A body is sent in parts of this size: with 10,000 of them, S3's limit, 78 GiB. */
const PART_BYTES = 8 * 1024 ** 2;

/** Parts sent at once; so many are held in memory. */
const SENT_AT_ONCE = 3;

/** Calls at once that hold at most a small part in memory. */
const CALLS_AT_ONCE = 8;

/**
 * A client for blobs. URLs are signed before their body is known, so the client must not put checksums of its own choice
 * into them; S3 computes one of every object by itself.
 */
export function blobClient(config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...config,
  });
}

/**
 * Blobs as objects of a bucket. The caller needs `s3:ListBucket` besides: without it S3 answers 403 for a key that does not
 * exist.
 */
export class S3BlobStore implements BlobStore {
  /** `client` comes from `blobClient`. */
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  async put(key: string, body: AsyncIterable<Uint8Array>, contentType: string): Promise<BlobInfo> {
    const target = this.target(key);
    const parts = partsOf(body);
    const first = await parts.next();
    if (first.done || first.value.body.length < PART_BYTES) {
      return this.putWhole(target, first.value?.body ?? Buffer.alloc(0), contentType);
    }
    let size = 0;
    const etag = await MultipartUpload.run(this.client, target, contentType, (upload) =>
      sideBySide(resumed(first.value, parts), SENT_AT_ONCE, async (part) => {
        size += part.body.length;
        await upload.send(part.number, part.body);
      }),
    );
    return { key, contentType, size, etag };
  }

  async get(key: string, range?: { readonly start: number; readonly end?: number }): Promise<StoredBlob | undefined> {
    const Range = range && `bytes=${range.start}-${range.end ?? ''}`;
    try {
      const object = await this.client.send(new GetObjectCommand({ ...this.target(key), Range }));
      const { Body, ContentRange } = object;
      if (Body === undefined) throw new Error(`S3 answered without a body for ${key}`);
      const size = Number(ContentRange?.split('/')[1] ?? object.ContentLength);
      return {
        ...described(key, { ...object, ContentLength: size }),
        body: Body as unknown as AsyncIterable<Uint8Array>,
      };
    } catch (error) {
      if (statusOf(error) === RANGE_NOT_SATISFIABLE) return this.withoutBytes(key);
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw error;
    }
  }

  async info(key: string): Promise<BlobInfo | undefined> {
    try {
      return described(key, await this.client.send(new HeadObjectCommand(this.target(key))));
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw error;
    }
  }

  async compose(key: string, parts: readonly string[], contentType: string): Promise<BlobInfo> {
    const target = this.target(key);
    const sources = await this.sources(parts);
    const pieces = composition(sources.map((source) => source.size));
    const info = await this.composed(target, pieces, sources, contentType);
    const removed = parts.filter((part) => part !== key);
    await sideBySide(removed, CALLS_AT_ONCE, (part) => this.remove(part));
    return info;
  }

  async remove(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.target(key)));
  }

  signedUrl(key: string, use: SignedUse, seconds: number): Promise<string> {
    const target = this.target(key);
    const options = { expiresIn: seconds };
    if (use.method === 'PUT') return getSignedUrl(this.client, new PutObjectCommand(target), options);
    const { contentType: ResponseContentType, contentDisposition: ResponseContentDisposition } = use;
    const command = new GetObjectCommand({ ...target, ResponseContentType, ResponseContentDisposition });
    return getSignedUrl(this.client, command, options);
  }

  private async composed(
    target: Target,
    pieces: readonly Piece[],
    sources: readonly BlobInfo[],
    contentType: string,
  ): Promise<BlobInfo> {
    const [first, ...others] = pieces;
    if (first?.kind !== 'copy' && others.length === 0) {
      return this.putWhole(target, await this.joined(first?.slices ?? [], sources), contentType);
    }
    const etag = await MultipartUpload.run(this.client, target, contentType, (upload) =>
      sideBySide(pieces.entries(), CALLS_AT_ONCE, ([index, piece]) =>
        this.sendPiece(upload, index + 1, piece, sources),
      ),
    );
    return { key: target.Key, contentType, size: sources.reduce((total, { size }) => total + size, 0), etag };
  }

  private async sendPiece(
    upload: MultipartUpload,
    number: number,
    piece: Piece,
    sources: readonly BlobInfo[],
  ): Promise<void> {
    if (piece.kind === 'join') return upload.send(number, await this.joined(piece.slices, sources));
    const { slice } = piece;
    const { key, size, etag } = sourceOf(slice, sources);
    const range = slice.start === 0 && slice.end === size ? undefined : `bytes=${slice.start}-${slice.end - 1}`;
    return upload.copy(number, { key, etag, range });
  }

  private async joined(slices: readonly Slice[], sources: readonly BlobInfo[]): Promise<Buffer> {
    const bytes: Uint8Array[] = [];
    for (const slice of slices) {
      const { key, etag } = sourceOf(slice, sources);
      const blob = await this.get(key, { start: slice.start, end: slice.end - 1 });
      if (blob?.etag !== etag) throw new Error(`The blob ${key} was changed while it was composed`);
      for await (const chunk of blob.body) bytes.push(chunk);
    }
    return Buffer.concat(bytes);
  }

  private async sources(keys: readonly string[]): Promise<readonly BlobInfo[]> {
    const sources: BlobInfo[] = [];
    await sideBySide(keys.entries(), CALLS_AT_ONCE, async ([index, key]) => {
      const info = await this.info(key);
      if (info === undefined) throw new Error(`There is no blob ${key}`);
      sources[index] = info;
    });
    return sources;
  }

  private async putWhole(target: Target, Body: Buffer, contentType: string): Promise<BlobInfo> {
    const { ETag } = await this.client.send(new PutObjectCommand({ ...target, Body, ContentType: contentType }));
    return described(target.Key, { ContentType: contentType, ContentLength: Body.length, ETag });
  }

  /** What a range behind the last byte holds. */
  private async withoutBytes(key: string): Promise<StoredBlob | undefined> {
    const info = await this.info(key);
    return info && { ...info, body: ReadableStream.from<Uint8Array>([]) };
  }

  private target(key: string): Target {
    return { Bucket: this.bucket, Key: requireBlobKey(key) };
  }
}

interface Part {
  readonly number: number;
  readonly body: Buffer;
}

/** Parts of `PART_BYTES`, the last one smaller. None for a body without bytes. */
async function* partsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Part, undefined> {
  let number = 1;
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < PART_BYTES) continue;
    let rest = Buffer.concat(chunks);
    for (; rest.length >= PART_BYTES; rest = rest.subarray(PART_BYTES)) {
      yield { number: number++, body: rest.subarray(0, PART_BYTES) };
    }
    chunks = [rest];
    size = rest.length;
  }
  if (size > 0) yield { number, body: Buffer.concat(chunks) };
}

async function* resumed<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

function sourceOf(slice: Slice, sources: readonly BlobInfo[]): BlobInfo {
  const source = sources[slice.source];
  if (source === undefined) throw new Error(`There is no source ${slice.source}`);
  return source;
}

function described(
  key: string,
  object: { readonly ContentType?: string; readonly ContentLength?: number; readonly ETag?: string },
): BlobInfo {
  const { ContentType = 'application/octet-stream', ContentLength = 0, ETag = '' } = object;
  return { key, contentType: ContentType, size: ContentLength, etag: ETag };
}

const NOT_FOUND = 404;
const RANGE_NOT_SATISFIABLE = 416;

function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
