/** Downloads of uploaded files, under `/cdn`: stable URLs, whole or in ranges. */
import { Hono } from 'hono';
import type { BlobInfo } from '../ports';
import { type ByteRange, parseRange } from './byte-range';
import { detailError, GatewayError } from './errors';
import { inlineDisposition } from './file-name';
import type { FileService } from './file-service';
import type { FileRecord } from './file-store';
import { decideAccess } from './object-lifecycle';

export function fileRoutes(files: FileService): Hono {
  const routes = new Hono();
  routes.get('/files/:id/:name', async ({ req }) => {
    const file = await readableFile(files, req.raw, req.param('id'), req.param('name'));
    return answer(files, req.raw, file);
  });
  return routes;
}

/** Browsers may keep a file this long, unless it ends earlier. */
const MAX_AGE_SECONDS = 60 * 60;

/**
 * Files are whatever a caller uploaded, and share the origin of the API and its pages: a browser must neither run what is
 * in them nor guess that something harmless is HTML. A PDF can't script its origin, and is not shown in a sandbox.
 */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'";

/** Throws 404 and 403 as the access list of the file says. */
async function readableFile(files: FileService, request: Request, id: string, name: string): Promise<FileRecord> {
  const file = await files.store.find(id);
  if (name.normalize('NFC') !== file?.name) throw fileNotFound();
  if (file.acl === undefined) return file;
  const reader = await files.reader(request);
  const decision = reader === file.owner ? 'allow' : decideAccess(file.acl, reader);
  if (decision === 'forbid') throw detailError(403, 'You may not read this file');
  if (decision === 'hide') throw fileNotFound();
  return file;
}

async function answer(files: FileService, request: Request, file: FileRecord): Promise<Response> {
  const info = await files.store.info(file.id);
  if (info === undefined) throw fileNotFound();
  const headers = fileHeaders(file, info, files.now());
  if (matches(request.headers.get('if-none-match'), info.etag)) return new Response(null, { status: 304, headers });
  const elsewhere = request.method === 'HEAD' ? undefined : await files.downloadUrl(file);
  if (elsewhere !== undefined) return redirect(elsewhere);
  const range = requestedRange(request, info);
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  headers.set('content-length', String(end - start + 1));
  if (range) headers.set('content-range', `bytes ${start}-${end}/${info.size}`);
  const status = range ? 206 : 200;
  if (request.method === 'HEAD') return new Response(null, { status, headers });
  const blob = await files.store.open(file.id, range);
  if (blob === undefined) throw fileNotFound();
  return new Response(ReadableStream.from(blob.body), { status, headers });
}

/** A signature is for one reader and ends soon, so nobody may keep it. */
function redirect(location: string): Response {
  const headers = { location, 'cache-control': 'private, no-store', 'cross-origin-resource-policy': 'cross-origin' };
  return new Response(null, { status: 302, headers });
}

function fileHeaders(file: FileRecord, info: BlobInfo, now: number): Headers {
  const headers = new Headers({
    'accept-ranges': 'bytes',
    'cache-control': cacheControl(file, now),
    'content-disposition': inlineDisposition(file.name),
    'content-type': file.contentType,
    'cross-origin-resource-policy': 'cross-origin',
    etag: info.etag,
    'x-content-type-options': 'nosniff',
  });
  if (!/^application\/pdf *(?:;|$)/i.test(file.contentType)) headers.set('content-security-policy', SANDBOX);
  return headers;
}

function cacheControl(file: FileRecord, now: number): string {
  if (file.acl !== undefined) return 'private, no-cache';
  const remaining = Math.floor(((file.expiresAt ?? Infinity) - now) / 1000);
  return `public, max-age=${Math.max(0, Math.min(MAX_AGE_SECONDS, remaining))}`;
}

/** A range of another version of the file than the one that lies here is worth nothing: all of it is sent. */
function requestedRange({ headers }: Request, info: BlobInfo): ByteRange | undefined {
  const ifRange = headers.get('if-range');
  if (ifRange !== null && ifRange !== info.etag) return undefined;
  const range = parseRange(headers.get('range') ?? undefined, info.size);
  if (range !== 'unsatisfiable') return range;
  throw new GatewayError(
    416,
    { detail: `The file has ${info.size} bytes` },
    { 'content-range': `bytes */${info.size}` },
  );
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  const candidates = ifNoneMatch?.split(',').map((candidate) => candidate.trim().replace(/^W\//, '')) ?? [];
  return candidates.includes('*') || candidates.includes(etag);
}

const fileNotFound = () => detailError(404, 'File not found');
