import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

export interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

export interface CopySource {
  readonly key: string;
  /** Fails the copy when the source was replaced meanwhile. */
  readonly etag: string;
  /** `bytes=0-99`; absent: all. */
  readonly range?: string;
}

/**
 * An upload to S3 in parts: the object appears whole when all parts are there, or not at all. What an ended process leaves
 * unfinished is removed by the lifecycle rule of the bucket.
 */
export class MultipartUpload {
  private readonly parts: { readonly PartNumber: number; readonly ETag?: string }[] = [];

  private constructor(
    private readonly client: S3Client,
    private readonly target: Target & { readonly UploadId: string | undefined },
  ) {}

  /** Starts an upload, lets `work` send its parts, and returns the entity tag of the whole. When `work` fails, nothing stays. */
  static async run(
    client: S3Client,
    target: Target,
    contentType: string,
    work: (upload: MultipartUpload) => Promise<void>,
  ): Promise<string> {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType: contentType }));
    const upload = new MultipartUpload(client, { ...target, UploadId });
    try {
      await work(upload);
      return await upload.complete();
    } catch (error) {
      // What failed is said by `error`; parts that can't be removed now go with the lifecycle rule.
      await client.send(new AbortMultipartUploadCommand(upload.target)).catch(() => undefined);
      throw error;
    }
  }

  /** Parts are numbered from 1 to 10,000 and may be sent in any order. */
  async send(PartNumber: number, Body: Uint8Array): Promise<void> {
    const { ETag } = await this.client.send(new UploadPartCommand({ ...this.target, PartNumber, Body }));
    this.parts.push({ PartNumber, ETag });
  }

  async copy(PartNumber: number, source: CopySource): Promise<void> {
    const { CopyPartResult } = await this.client.send(
      new UploadPartCopyCommand({
        ...this.target,
        PartNumber,
        CopySource: `${this.target.Bucket}/${source.key}`,
        CopySourceIfMatch: source.etag,
        CopySourceRange: source.range,
      }),
    );
    this.parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
  }

  private async complete(): Promise<string> {
    const Parts = [...this.parts].sort((a, b) => a.PartNumber - b.PartNumber);
    const { ETag = '' } = await this.client.send(
      new CompleteMultipartUploadCommand({ ...this.target, MultipartUpload: { Parts } }),
    );
    return ETag;
  }
}
