/** `sgpu files mv` */
import type { Command } from 'commander';
import { onTarget, platformCommand } from '../platform-command';
import { move } from './copy';
import { volumePath } from './volume-path';

export function moveCommand(): Command {
  return platformCommand('mv')
    .summary('rename on a volume')
    .description('Moves or renames a file or folder of a volume.')
    .argument('<from>', '/VOLUME/path; without a leading / below /data')
    .argument('<to>', 'the same')
    .addHelpText('after', '\nJSON: {"from","to"}\n\nExamples:\n  sgpu files mv /data/new.bin /data/models/new.bin')
    .action(
      onTarget<readonly [string, string]>(async ({ target, output }, paths) => {
        const [from, to] = [volumePath(target, paths[0]), volumePath(target, paths[1])];
        await move(from.file, to.file, from.remote);
        output.result({ from: from.remote, to: to.remote }, () => `Moved ${from.remote} to ${to.remote}.`);
      }),
    );
}
