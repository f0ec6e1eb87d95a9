/** `sgpu profile set` */
import { Command } from 'commander';
import { addOutputOptions, Output, type OutputOptions } from '../output';
import { profileTarget, readProfiles, savedProfile, writeProfiles } from '../saved-profiles';

export function setCommand(): Command {
  return addOutputOptions(new Command('set'))
    .summary('choose a saved platform')
    .description('Chooses a saved platform for all commands that name none.')
    .argument('<profile>', 'its name, as `sgpu profile list` shows it')
    .addHelpText('after', '\nJSON: {"profile","target"}\n\nExamples:\n  sgpu profile set staging')
    .action((name: string, options: OutputOptions) => {
      const saved = readProfiles();
      const target = profileTarget(savedProfile(name, saved));
      writeProfiles({ ...saved, current: name });
      new Output(options).result({ profile: name, target }, () => `Commands now go to ${target} (profile ${name}).`);
    });
}
