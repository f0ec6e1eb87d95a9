/** `sgpu runners stop` */
import type { Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';

export function stopCommand(): Command {
  return platformCommand('stop')
    .summary('lets a runner finish and leave')
    .description(
      'Asks a runner to leave: it takes no more requests and finishes what it works on. A new one starts when requests need it.',
    )
    .argument('<runner>', 'the id of the runner, as `sgpu runners list` shows it')
    .option('-r, --replace', 'as it is anyway: a new runner starts when requests need it')
    .addHelpText(
      'after',
      '\nJSON: {"runner_id","state"}\n\nExamples:\n  sgpu runners stop 0198c2e1-7a11-7cc3-8a52-6f2f0d9b8a10',
    )
    .action(
      onPlatform<readonly [string]>(async ({ client, output }, [runner]) => {
        const path = `/runners/${encodeURIComponent(runner)}/stop`;
        const left = await client.call<{ readonly runner_id: string; readonly state: string }>('POST', path);
        output.result(left, () => `Runner ${left.runner_id} finishes what it works on and leaves.`);
      }),
    );
}
