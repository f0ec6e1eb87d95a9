/** `sgpu auth whoami` */
import type { Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';

export function whoamiCommand(): Command {
  return platformCommand('whoami')
    .summary('which platform, and as whom')
    .description('Tells which platform commands go to, and whose key they use.')
    .addHelpText('after', '\nJSON: {"url","user_id","scope"}\n\nExamples:\n  sgpu auth whoami')
    .action(
      onPlatform(async ({ client, output }) => {
        const { user_id, scope } = await client.caller();
        output.result({ url: client.url, user_id, scope }, () => `${user_id} (${scope}) at ${client.url}`);
      }),
    );
}
