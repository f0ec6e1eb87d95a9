/** The trace files of this folder. Run from the bundle or from the sources, the package is the working directory's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The lines of a gzip-compressed file below `sim/traces`. */
export function dataLines(root: string, file: string): readonly string[] {
  const text = gunzipSync(readFileSync(join(root, 'sim', 'traces', file))).toString('utf8');
  return text.split(/\r\n|\n/).filter((line) => line !== '');
}
