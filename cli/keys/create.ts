/** `sgpu keys create` */
import { Option, type Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';

interface CreateOptions {
  readonly scope: 'API' | 'ADMIN';
  readonly desc?: string;
  readonly user?: string;
}

export function createCommand(): Command {
  return platformCommand('create')
    .summary('make a key')
    .description('Makes an API key and prints it, this once: only its hash is kept.')
    .addOption(
      new Option('--scope <scope>', 'API: call apps; ADMIN: this command line, too')
        .choices(['API', 'ADMIN'])
        .default('API'),
    )
    .option('--desc <text>', 'what it is for')
    .option('--user <name>', 'whose it is: private apps are called with keys of their owner (default: the owner)')
    .addHelpText(
      'after',
      `\nJSON: {"key":"id:secret"}\n\nExamples:\n  sgpu keys create --desc website\n  sgpu keys create --scope ADMIN --output json`,
    )
    .action(
      onPlatform<readonly [], CreateOptions>(async ({ client, output }, _none, { scope, desc, user }) => {
        const made = await client.call<{ readonly key: string }>('POST', '/keys', { scope, description: desc, user });
        output.result(made, () => `FAL_KEY='${made.key}'`);
        if (!output.asJson) output.note('Keep it now: it is shown this once.');
      }),
    );
}
