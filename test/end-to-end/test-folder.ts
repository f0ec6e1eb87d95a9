/** A folder of one test file, in which tests and the apps they call tell each other what happens. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'sgpu-end-to-end-'));

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  /** The lines of a file that an app writes; none while it has not begun. */
  lines(name: string): readonly string[] {
    if (!existsSync(this.file(name))) return [];
    return readFileSync(this.file(name), 'utf8').trim().split('\n');
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
