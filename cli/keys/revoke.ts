/** `sgpu keys revoke` */
import type { Command } from 'commander';
import { onPlatform, platformCommand } from '../platform-command';

export function revokeCommand(): Command {
  return platformCommand('revoke')
    .summary('end a key')
    .description('Removes an API key. Gateways may take it for some seconds more.')
    .argument('<id>', 'the part of the key before its colon, as `sgpu keys list` shows it')
    .addHelpText('after', '\nJSON: {"id"}\n\nExamples:\n  sgpu keys revoke 5b23e1b1-af88-4ab0-aebc-415b2b1e34b4')
    .action(
      onPlatform<readonly [string]>(async ({ client, output }, [key]) => {
        const id = key.split(':')[0] ?? key;
        await client.call('DELETE', `/keys/${encodeURIComponent(id)}`);
        output.result({ id }, () => `Key ${id} is revoked.`);
      }),
    );
}
