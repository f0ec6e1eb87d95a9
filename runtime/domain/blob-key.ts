/** Keys of blobs: paths that mean the same to a file system, to S3 and in a URL. */

/** Returns the key. Throws for one that has other characters than paths need, or is longer than S3 takes. */
export function requireBlobKey(key: string): string {
  if (!SAFE_KEY.test(key) || key.length > LONGEST_KEY) throw new Error(`Not a blob key: ${JSON.stringify(key)}`);
  return key;
}

/** Segments that begin with a letter or digit: no `..`, no empty one, nothing that a URL or a shell would read. */
const SAFE_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** S3's own limit. */
const LONGEST_KEY = 1024;
