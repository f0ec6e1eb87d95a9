/** `sgpu files upload` */
import { basename, posix } from 'node:path';
import type { Command } from 'commander';
import { onTarget, platformCommand } from '../platform-command';
import { copy } from './copy';
import { volumePath } from './volume-path';

export function uploadCommand(): Command {
  return platformCommand('upload')
    .summary('copy to a volume')
    .description('Copies a file or folder of this machine to a volume.')
    .argument('<file>', 'a file or folder')
    .argument('[path]', '/VOLUME/path (default: its name below /data); a trailing / means into that folder')
    .addHelpText('after', '\nJSON: {"path"}\n\nExamples:\n  sgpu files upload weights.safetensors /data/models/')
    .action(
      onTarget<readonly [string, string | undefined]>(async ({ target, output }, [file, path = '/data/']) => {
        const to = volumePath(target, path.endsWith('/') ? posix.join(path, basename(file)) : path);
        await copy(file, to.file, file);
        output.result({ path: to.remote }, () => `Uploaded ${file} to ${to.remote}.`);
      }),
    );
}
