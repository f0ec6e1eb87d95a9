/** The page of the playground. The build puts it beside the gateway's program. */
import { readFile } from 'node:fs/promises';

export function playgroundPage(): Promise<string> {
  return readFile(new URL('playground.html', import.meta.url), 'utf8');
}
