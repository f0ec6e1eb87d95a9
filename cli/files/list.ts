/** `sgpu files ls` */
import { readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../runtime/domain/user-error';
import { moment } from '../moments';
import { onTarget, platformCommand } from '../platform-command';
import type { Column } from '../table';
import { volumePath } from './volume-path';

interface ListedFile {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly size: number;
  readonly changed_at: number;
}

const COLUMNS: readonly Column<ListedFile>[] = [
  { title: 'Path', value: ({ path, kind }) => (kind === 'folder' ? `${path}/` : path) },
  { title: 'Size', value: ({ kind, size }) => (kind === 'folder' ? '' : size), right: true },
  { title: 'Changed', value: (file) => moment(file.changed_at), spare: 1 },
];

export function listCommand(): Command {
  return platformCommand('ls')
    .alias('list')
    .summary('what a volume holds')
    .description('Lists a folder of a volume. `/` lists the volumes.')
    .argument('[path]', '/VOLUME/path; without a leading / below /data', '/data')
    .addHelpText(
      'after',
      '\nJSON: {"files":[{"path","kind","size","changed_at"}]}\n\nExamples:\n  sgpu files ls /data/models',
    )
    .action(
      onTarget<readonly [string]>(({ target, output }, [path]) => {
        const { remote, file } = volumePath(target, path);
        const files = entries(file, remote).map((name) => listed(join(file, name), posix.join(remote, name)));
        output.result({ files }, () => (files.length === 0 ? `${remote} is empty.` : output.table(COLUMNS, files)));
      }),
    );
}

/** A volume that nothing was written to yet is empty. */
function entries(folder: string, remote: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && remote.split('/').length <= 2) return [];
    throw new UserError(code === 'ENOTDIR' ? `${remote} is a file` : `There is nothing at ${remote}`);
  }
}

function listed(file: string, path: string): ListedFile {
  const { size, mtimeMs } = statSync(file);
  return { path, kind: statSync(file).isDirectory() ? 'folder' : 'file', size, changed_at: Math.round(mtimeMs) };
}
