/** `sgpu logs` */
import { Option, type Command } from 'commander';
import type { AppLogLine } from '../runtime/ports';
import { appRecord } from './apps/app-record';
import { AdminLogs, type LogSource } from './logs/log-source';
import { print, showLogs, type ShowOptions } from './logs/show';
import { since } from './moments';
import { wholeNumber } from './option-values';
import { onPlatform, platformCommand, type Session } from './platform-command';

export function logsCommand(): Command {
  return withLogOptions(platformCommand('logs'))
    .summary('what an app prints')
    .description('Shows what an app printed, the latest lines last.')
    .argument('<app>', 'the name of the app')
    .option('--request <id>', 'only what was printed for this request')
    .addHelpText(
      'after',
      `${LOGS_JSON}\n\nExamples:\n  sgpu logs painter --follow\n  sgpu logs painter --since 2h --search 'out of memory'`,
    )
    .action(
      onPlatform<readonly [string], ShowOptions>(async (session, [name], options) => {
        const { client, output } = session;
        const { id } = await appRecord(client, name);
        if (options.request === undefined) return showLogs(await logSource(session, id), output, options);
        // The log of a request is kept with it, on every platform.
        const path = `/requests/${encodeURIComponent(options.request)}/logs`;
        const { lines } = await client.call<{ readonly lines: readonly AppLogLine[] }>('GET', path);
        const text = options.search?.toLowerCase() ?? '';
        print(lines.filter(({ message }) => message.toLowerCase().includes(text)).slice(-options.lines), output);
      }),
    );
}

export const LOGS_JSON = '\nJSON, one object a line: {"timestamp","level","message","runner_id","request_id"}';

export function withLogOptions(command: Command): Command {
  return command
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--since <time>', 'from then on: 30m, 2h, 1d or a moment', since)
    .addOption(new Option('--until <time>', 'up to then').argParser(since).conflicts('follow'))
    .option('--search <text>', 'only lines with this text')
    .option('-n, --lines <number>', 'how many at most, before what comes', wholeNumber, 100);
}

/** On AWS the lines are in CloudWatch, and read with the credentials of whoever asks. */
export async function logSource({ target, client }: Session, app: string): Promise<LogSource> {
  if (target.kind !== 'aws') return new AdminLogs(client, app);
  const { CloudWatchLogs } = await import('./aws/cloud-watch-logs');
  return new CloudWatchLogs(target.platform, app, target.access);
}
