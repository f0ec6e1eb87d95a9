/** `sgpu auth logout` */
import { Command } from 'commander';
import { UserError } from '../../runtime/domain/user-error';
import { addOutputOptions, Output, type OutputOptions } from '../output';
import { readProfiles, savedProfile, writeProfiles } from '../saved-profiles';

export function logoutCommand(): Command {
  return addOutputOptions(new Command('logout'))
    .summary('forget a saved platform and its key')
    .description('Forgets the platform that was chosen by `sgpu auth login`, or the one of --profile, with its key.')
    .option('--profile <name>', 'the profile to forget (default: the chosen one)')
    .addHelpText('after', '\nJSON: {"profile"}\n\nExamples:\n  sgpu auth logout')
    .action((options: OutputOptions & { readonly profile?: string }) => {
      const saved = readProfiles();
      const name = options.profile ?? saved.current;
      if (name === undefined)
        throw new UserError('You are not logged in anywhere: `sgpu profile list` shows what is saved');
      savedProfile(name, saved);
      const { [name]: _forgotten, ...profiles } = saved.profiles;
      const current = saved.current === name ? undefined : saved.current;
      writeProfiles({ profiles, ...(current === undefined ? {} : { current }) });
      new Output(options).result({ profile: name }, () => `Logged out: profile ${name} is forgotten.`);
    });
}
