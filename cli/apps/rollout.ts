/** `sgpu app rollout` */
import type { Command } from 'commander';
import { plural } from '../../runtime/domain/plural';
import { onPlatform, platformCommand } from '../platform-command';
import { appRecord } from './app-record';

export function rolloutCommand(): Command {
  return platformCommand('rollout')
    .summary('replace all runners')
    .description(
      'Replaces all runners of an app: they finish what they work on and leave, new ones start as requests need them. ' +
        'New values of secrets reach an app so.',
    )
    .argument('<app>', 'the name of the app')
    .option('--force', 'do not wait for their requests, which are tried again')
    .addHelpText('after', '\nJSON: {"app_id","runners":[ids]}\n\nExamples:\n  sgpu app rollout painter')
    .action(
      onPlatform<readonly [string], { readonly force?: boolean }>(async ({ client, output }, [name], { force }) => {
        const { id } = await appRecord(client, name);
        const path = `/rollout${force === true ? '?force=true' : ''}`;
        const { runners } = await client.ofApp<{ readonly runners: readonly string[] }>('POST', id, path);
        output.result(
          { app_id: id, runners },
          () => `Rolled out application ${id} (${plural(runners.length, 'runner')}).`,
        );
      }),
    );
}
