/** Where uploads begin: the part of fal's REST API that clients and the toolkit ask for a URL or a token to upload with. */
import { Hono } from 'hono';
import { validationError } from './errors';
import type { FileService } from './file-service';
import { readJsonObject } from './json-body';

/**
 * The `storage_type` of a request (`fal-cdn-v3`, `gcs`) makes no difference: every file goes to the platform's blob store,
 * and the URLs satisfy the clients of each.
 */
export function storageRoutes(files: FileService): Hono {
  const initiate = async (request: Request): Promise<Response> => {
    const body = await readJsonObject(request);
    const name = stringField(body, 'file_name', 'upload.bin');
    const contentType = stringField(body, 'content_type', 'application/octet-stream');
    const file = await files.begin(request, { name, contentType });
    // The token is in the path because clients append `/{part}` and `/complete` to this URL, some of them as text.
    const upload_url = `${files.cdnUrl(request)}/upload/${await files.uploadToken(file)}`;
    return Response.json({ upload_url, file_url: files.fileUrl(request, file) });
  };
  const routes = new Hono();
  routes.post('/storage/upload/initiate', ({ req }) => initiate(req.raw));
  routes.post('/storage/upload/initiate-multipart', ({ req }) => initiate(req.raw));
  routes.post('/storage/auth/token', async ({ req }) => Response.json(await files.cdnAccess(req.raw)));
  return routes;
}

function stringField(body: Readonly<Record<string, unknown>>, field: string, otherwise: string): string {
  const value = body[field] ?? otherwise;
  if (typeof value !== 'string')
    throw validationError(['body', field], 'Input should be a valid string', 'string_type');
  return value === '' ? otherwise : value;
}
