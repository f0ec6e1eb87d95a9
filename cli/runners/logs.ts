/** `sgpu runners logs` */
import type { Command } from 'commander';
import type { RunnerRecord } from '../../runtime/domain/runner';
import { UserError } from '../../runtime/domain/user-error';
import { LOGS_JSON, logSource, withLogOptions } from '../logs';
import { showLogs, type ShowOptions } from '../logs/show';
import { onPlatform, platformCommand } from '../platform-command';

export function logsCommand(): Command {
  return withLogOptions(platformCommand('logs').alias('log'))
    .summary('what a runner prints')
    .description('Shows what one runner printed, the latest lines last. On AWS: `sgpu logs` of its app.')
    .argument('<runner>', 'the id of the runner, as `sgpu runners list` shows it')
    .addHelpText(
      'after',
      `${LOGS_JSON}\n\nExamples:\n  sgpu runners logs 0198c2e1-7a11-7cc3-8a52-6f2f0d9b8a10 --follow`,
    )
    .action(
      onPlatform<readonly [string], ShowOptions>(async (session, [id], options) => {
        const path = `/runners/${encodeURIComponent(id)}`;
        const { runner } = await session.client.call<{ readonly runner: RunnerRecord }>('GET', path);
        if (session.target.kind === 'aws') {
          throw new UserError(
            `CloudWatch tells the lines of runners apart by ECS task: use \`sgpu logs ${runner.app}\``,
          );
        }
        await showLogs(await logSource(session, runner.app), session.output, { ...options, runner: id });
      }),
    );
}
