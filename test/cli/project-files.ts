/** A project that `sgpu init` made, read as its readers would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFalSource, type FalSource } from '../../runtime/source/fal-source';

export interface ProjectFiles {
  readonly app: FalSource;
  readonly json: Readonly<Record<string, unknown>>;
}

export function parseFiles(folder: string, files: readonly string[]): ProjectFiles {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const json = files.filter((name) => name.endsWith('.json')).map((name) => [name, JSON.parse(text(name)) as unknown]);
  return {
    app: readFalSource(text('app.py'), { file: 'app.py' }),
    json: Object.fromEntries(json) as ProjectFiles['json'],
  };
}
