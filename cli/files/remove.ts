/** `sgpu files rm` */
import type { Command } from 'commander';
import { UserError } from '../../runtime/domain/user-error';
import { onTarget, platformCommand } from '../platform-command';
import { remove } from './copy';
import { volumePath } from './volume-path';

export function removeCommand(): Command {
  return platformCommand('rm')
    .summary('remove from a volume')
    .description('Removes a file or folder of a volume.')
    .argument('<path>', '/VOLUME/path; without a leading / below /data')
    .addHelpText('after', '\nJSON: {"path"}\n\nExamples:\n  sgpu files rm /data/models/old.bin')
    .action(
      onTarget<readonly [string]>(async ({ target, output }, [path]) => {
        const { remote, file } = volumePath(target, path);
        if (remote === '/') throw new UserError('/ is all volumes: name one of them, or something in it');
        await remove(file, remote);
        output.result({ path: remote }, () => `Removed ${remote}.`);
      }),
    );
}
