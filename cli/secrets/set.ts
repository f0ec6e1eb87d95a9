/** `sgpu secrets set` */
import { Option, type Command } from 'commander';
import { UserError } from '../../runtime/domain/user-error';
import { onPlatform, platformCommand } from '../platform-command';
import { assignment, secretPlace } from './secret-place';

export function setCommand(): Command {
  return platformCommand('set')
    .summary('set secrets')
    .description(
      'Sets secrets, which apps find as variables of their environment: those that an app names in `secrets`, on this ' +
        'machine all when it names none. Runners that are there keep the values they started with: see `sgpu app rollout`.',
    )
    .argument('<assignments...>', 'NAME=VALUE')
    .addOption(new Option('--not-exposed-by-default', 'an app names its secrets instead').hideHelp())
    .addHelpText('after', '\nJSON: {"secrets":[{"name"}]}\n\nExamples:\n  sgpu secrets set HF_TOKEN=hf_abc API_KEY=xyz')
    .action(
      onPlatform<readonly [readonly string[]], { readonly notExposedByDefault?: boolean }>(
        async (session, [assignments], { notExposedByDefault }) => {
          if (notExposedByDefault === true) throw new UserError(NOT_BY_DEFAULT);
          const wanted = assignments.map(assignment);
          const place = await secretPlace(session);
          for (const [name, value] of wanted) await place.set(name, value);
          const names = wanted.map(([name]) => name);
          session.output.result({ secrets: names.map((name) => ({ name })) }, () => `Set ${names.join(', ')}.`);
        },
      ),
    );
}

const NOT_BY_DEFAULT =
  'Each app says which secrets it gets: write `secrets = ["NAME", …]` in those that name some, and set it without --not-exposed-by-default';
