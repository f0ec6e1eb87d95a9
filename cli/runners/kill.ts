/** `sgpu runners kill` */
import type { Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';

export function killCommand(): Command {
  return platformCommand('kill')
    .summary('ends a runner at once')
    .description('Ends a runner without waiting for its requests: they go back to the queue and are tried again.')
    .argument('<runner>', 'the id of the runner, as `sgpu runners list` shows it')
    .addHelpText(
      'after',
      '\nJSON: {"runner_id","state"}\n\nExamples:\n  sgpu runners kill 0198c2e1-7a11-7cc3-8a52-6f2f0d9b8a10',
    )
    .action(
      onPlatform<readonly [string]>(async ({ client, output }, [runner]) => {
        const path = `/runners/${encodeURIComponent(runner)}/kill`;
        const left = await client.call<{ readonly runner_id: string; readonly state: string }>('POST', path);
        output.result(left, () => `Runner ${left.runner_id} is being ended; what it worked on is tried again.`);
      }),
    );
}
