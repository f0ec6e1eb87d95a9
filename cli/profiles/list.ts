/** `sgpu profile list` */
import { Command } from 'commander';
import { addOutputOptions, Output, type OutputOptions } from '../output';
import { profileTarget, readProfiles } from '../saved-profiles';
import type { Column } from '../table';

interface ListedProfile {
  readonly name: string;
  readonly target: string;
  readonly current: boolean;
}

const COLUMNS: readonly Column<ListedProfile>[] = [
  { title: '', value: ({ current }) => (current ? '*' : '') },
  { title: 'Profile', value: ({ name }) => name },
  { title: 'Platform', value: ({ target }) => target },
];

export function listCommand(): Command {
  return addOutputOptions(new Command('list'))
    .summary('saved platforms')
    .description('Lists the platforms saved by `sgpu auth login`. The one with a star is used when none is named.')
    .addHelpText('after', '\nJSON: {"profiles":[{"name","target","current"}]}\n\nExamples:\n  sgpu profile list')
    .action((options: OutputOptions) => {
      const { current, profiles } = readProfiles();
      const listed = Object.entries(profiles).map(([name, profile]) => ({
        name,
        target: profileTarget(profile),
        current: name === current,
      }));
      const output = new Output(options);
      output.result({ profiles: listed }, () => (listed.length === 0 ? NONE : output.table(COLUMNS, listed)));
    });
}

const NONE = 'No platform is saved: `sgpu auth login` saves one.';
