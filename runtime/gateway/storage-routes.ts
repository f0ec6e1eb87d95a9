/** Where uploads begin: the part of fal's REST API that clients and the toolkit ask for a URL or a token to upload with. */
import { Hono } from 'hono';
import { validationError } from './errors';
import type { FileService } from './file-service';
import type { FileRecord } from './file-store';
import { readJsonObject } from './json-body';

/**
 * Every file goes to the platform's blob store, whatever the `storage_type` of the request (`fal-cdn-v3`, `gcs`): in one
 * piece straight to the store where it signs URLs, else through the gateway.
 */
export function storageRoutes(files: FileService): Hono {
  const routes = new Hono();
  routes.post('/storage/upload/initiate', async ({ req }) => {
    const file = await begun(files, req.raw);
    const direct = req.query('storage_type') === SENDS_KEY ? undefined : await files.uploadUrl(file);
    return answer(files, req.raw, file, direct);
  });
  routes.post('/storage/upload/initiate-multipart', async ({ req }) => {
    files.requireTransferable(PART_BYTES);
    return answer(files, req.raw, await begun(files, req.raw));
  });
  routes.post('/storage/auth/token', async ({ req }) => Response.json(await files.cdnAccess(req.raw)));
  return routes;
}

/** fal's Python client sends its key to the upload URL of this type; a signed URL takes no second credentials. */
const SENDS_KEY = 'gcs';

/** The size of the parts that fal's clients send. */
const PART_BYTES = 10 * 1024 ** 2;

async function begun(files: FileService, request: Request): Promise<FileRecord> {
  const body = await readJsonObject(request);
  const name = stringField(body, 'file_name', 'upload.bin');
  const contentType = stringField(body, 'content_type', 'application/octet-stream');
  return files.begin(request, { name, contentType });
}

async function answer(files: FileService, request: Request, file: FileRecord, direct?: string): Promise<Response> {
  // The token is in the path because clients append `/{part}` and `/complete` to this URL, some of them as text.
  const upload_url = direct ?? `${files.cdnUrl(request)}/upload/${await files.uploadToken(file)}`;
  return Response.json({ upload_url, file_url: files.fileUrl(request, file) });
}

function stringField(body: Readonly<Record<string, unknown>>, field: string, otherwise: string): string {
  const value = body[field] ?? otherwise;
  if (typeof value !== 'string')
    throw validationError(['body', field], 'Input should be a valid string', 'string_type');
  return value === '' ? otherwise : value;
}
