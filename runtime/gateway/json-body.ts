/** Small JSON bodies of the platform's own API; bodies for apps are never read. */
import { detailError } from './errors';

/** A list of ten thousand parts of an upload takes less. */
const MAX_BYTES = 2 * 1024 * 1024;

/** The object in the body; an empty body counts as `{}`. Throws 413 and 422. */
export async function readJsonObject(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readLimited(request)).toString();
  const value = parse(text.trim() === '' ? '{}' : text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw detailError(422, 'The body must be a JSON object');
  }
  return value as Record<string, unknown>;
}

async function readLimited(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw detailError(413, `The body is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw detailError(422, 'The body is not JSON');
  }
}
