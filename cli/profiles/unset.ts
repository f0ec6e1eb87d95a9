/** `sgpu profile unset` */
import { Command } from 'commander';
import { addOutputOptions, Output, type OutputOptions } from '../output';
import { readProfiles, writeProfiles } from '../saved-profiles';

export function unsetCommand(): Command {
  return addOutputOptions(new Command('unset'))
    .summary('choose none')
    .description('Chooses no saved platform: commands then go to the one that runs in ./.sgpu, or the one they name.')
    .addHelpText('after', '\nJSON: {"profile":null}\n\nExamples:\n  sgpu profile unset')
    .action((options: OutputOptions) => {
      writeProfiles({ profiles: readProfiles().profiles });
      new Output(options).result({ profile: null }, () => 'No saved platform is chosen any more.');
    });
}
