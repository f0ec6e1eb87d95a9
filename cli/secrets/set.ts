/** `sgpu secrets set` */
import type { Command } from 'commander';
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
    .option('--not-exposed-by-default', 'only for apps that name them in `secrets`; on AWS all do')
    .addHelpText('after', '\nJSON: {"secrets":[{"name"}]}\n\nExamples:\n  sgpu secrets set HF_TOKEN=hf_abc API_KEY=xyz')
    .action(
      onPlatform<readonly [readonly string[]], { readonly notExposedByDefault?: boolean }>(
        async (session, [assignments], { notExposedByDefault }) => {
          const wanted = assignments.map(assignment);
          const place = await secretPlace(session);
          for (const [name, value] of wanted) await place.set(name, value, notExposedByDefault !== true);
          const names = wanted.map(([name]) => name);
          session.output.result({ secrets: names.map((name) => ({ name })) }, () => `Set ${names.join(', ')}.`);
        },
      ),
    );
}
