/** `sgpu files download` */
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { onTarget, platformCommand } from '../platform-command';
import { copy } from './copy';
import { volumePath } from './volume-path';

export function downloadCommand(): Command {
  return platformCommand('download')
    .summary('copy from a volume')
    .description('Copies a file or folder of a volume to this machine.')
    .argument('<path>', '/VOLUME/path; without a leading / below /data')
    .argument('[file]', 'where to; a trailing / means into that folder', './')
    .addHelpText('after', '\nJSON: {"file"}\n\nExamples:\n  sgpu files download /data/outputs/cat.png')
    .action(
      onTarget<readonly [string, string]>(async ({ target, output }, [path, file]) => {
        const from = volumePath(target, path);
        const to = file.endsWith('/') ? join(file, basename(from.file)) : file;
        await copy(from.file, to, from.remote);
        output.result({ file: to }, () => `Downloaded ${from.remote} to ${to}.`);
      }),
    );
}
