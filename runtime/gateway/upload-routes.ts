/**
 * Where the bytes of uploads arrive, under `/cdn`. Two families of clients, one store:
 *
 * - `/upload/{token}`: begun at the storage routes. The token is all that is needed; some clients send their key along.
 * - `/files/upload`: fal's Python client, which names the file in headers and gets the part URLs from `access_url`.
 */
import { type Context, Hono } from 'hono';
import { detailError } from './errors';
import type { FileService } from './file-service';
import { type FileRecord, FileTooLargeError, MAX_PARTS, PartsError, type UploadedPart } from './file-store';
import { readJsonObject } from './json-body';

export function uploadRoutes(files: FileService): Hono {
  const uploads = new Uploads(files);
  const routes = new Hono();
  routes.post('/files/upload', ({ req }) => uploads.whole(req.raw));
  routes.post('/files/upload/multipart', ({ req }) => uploads.begin(req.raw));
  routes.put('/files/:id/:name/multipart/:token/:part', (context) => uploads.part(context));
  routes.post('/files/:id/:name/multipart/:token/complete', (context) => uploads.complete(context));
  routes.put('/upload/:token', (context) => uploads.initiated(context));
  routes.put('/upload/:token/:part', (context) => uploads.part(context));
  routes.post('/upload/:token/complete', (context) => uploads.complete(context));
  routes.post('/upload/:token/:part', (context) => uploads.partUrl(context));
  return routes;
}

class Uploads {
  constructor(private readonly files: FileService) {}

  async whole(request: Request): Promise<Response> {
    return this.save(request, await this.files.begin(request, namedInHeaders(request)));
  }

  async begin(request: Request): Promise<Response> {
    const file = await this.files.begin(request, namedInHeaders(request));
    return Response.json({
      access_url: this.files.fileUrl(request, file),
      uploadId: await this.files.uploadToken(file),
    });
  }

  async initiated({ req }: Context): Promise<Response> {
    return this.save(req.raw, await this.fileOf(req));
  }

  /** The etag is wanted as a header by the Python clients and in a JSON body by the JavaScript client. */
  async part({ req }: Context): Promise<Response> {
    const file = await this.fileOf(req);
    const partNumber = parsePartNumber(req.param('part'));
    const { etag } = await answered(this.files.store.savePart(file, partNumber, bodyOf(req.raw, this.files)));
    return Response.json({ partNumber, etag }, { headers: { etag } });
  }

  /** One of the toolkit's two multipart uploads asks where each part goes. */
  async partUrl({ req }: Context): Promise<Response> {
    await this.fileOf(req);
    const part = parsePartNumber(req.param('part'));
    return Response.json({ upload_url: `${this.files.cdnUrl(req.raw)}/upload/${req.param('token')}/${part}` });
  }

  async complete({ req }: Context): Promise<Response> {
    const file = await this.fileOf(req);
    const parts = parseParts(await readJsonObject(req.raw));
    await answered(this.files.store.complete(file, parts));
    return Response.json({ access_url: this.files.fileUrl(req.raw, file) });
  }

  private async save(request: Request, file: FileRecord): Promise<Response> {
    await answered(this.files.store.save(file, bodyOf(request, this.files)));
    return Response.json({ access_url: this.files.fileUrl(request, file) });
  }

  private async fileOf(req: Context['req']): Promise<FileRecord> {
    const file = await this.files.fileOf(req.param('token') ?? '');
    const id = req.param('id');
    if (id !== undefined && id !== file.id) throw detailError(403, 'The upload belongs to another file');
    return file;
  }
}

function namedInHeaders({ headers }: Request) {
  return {
    name: headers.get('x-fal-file-name') ?? 'upload.bin',
    contentType: headers.get('content-type') ?? 'application/octet-stream',
  };
}

/** Throws 413 before the first byte when the client says how much will come. */
function bodyOf(request: Request, files: FileService): AsyncIterable<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > files.store.maxBytes) throw detailError(413, new FileTooLargeError(files.store.maxBytes).message);
  files.requireTransferable(announced);
  return received(request);
}

/** A client that hangs up while sending is no failure of the platform. */
async function* received(request: Request): AsyncIterable<Uint8Array> {
  try {
    yield* request.body ?? [];
  } catch {
    throw detailError(400, 'The upload was cut off');
  }
}

function parseParts(body: Readonly<Record<string, unknown>>): readonly UploadedPart[] {
  const parts = body.parts;
  if (!Array.isArray(parts)) throw detailError(422, 'The body must have a list of parts');
  return parts.map((part: Readonly<Record<string, unknown>> | null) => {
    const etag = part?.etag;
    if (typeof etag !== 'string') throw detailError(422, 'Each part must have its partNumber and etag');
    return { number: parsePartNumber(part?.partNumber ?? part?.part_number), etag };
  });
}

function parsePartNumber(given: unknown): number {
  const number = typeof given === 'string' && /^\d{1,5}$/.test(given) ? Number(given) : given;
  const valid = typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= MAX_PARTS;
  if (!valid) throw detailError(422, `Parts are numbered from 1 to ${MAX_PARTS}`);
  return number;
}

/** What the store refuses, as the status that says so. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FileTooLargeError) throw detailError(413, error.message);
    if (error instanceof PartsError) throw detailError(400, error.message);
    throw error;
  }
}
