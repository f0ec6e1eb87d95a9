/** `sgpu app explain` */
import type { Command } from 'commander';
import type { Decision } from '../../runtime/domain/app';
import { plural } from '../../runtime/domain/plural';
import type { Backlog } from '../../runtime/ports';
import { wholeNumber } from '../option-values';
import { duration, moment } from '../moments';
import { onPlatform, platformCommand } from '../platform-command';
import { runnersOf, type RunnerSummary } from '../runners/runner-summary';
import { appRecord } from './app-record';

export function explainCommand(): Command {
  return platformCommand('explain')
    .summary('why an app has the runners that it has')
    .description('Tells what waits, what each runner does or waits for, and the latest decisions with their reasons.')
    .argument('<app>', 'the name of the app')
    .option('-n, --lines <number>', 'how many decisions', wholeNumber, 20)
    .addHelpText(
      'after',
      `
JSON: {"app","revision","queue":{"waiting","inProgress","oldestWaitingAt"},"runners":[as of app runners],
       "decisions":[{"at","reason","actions":[],"inputs":{}}]}

Examples:
  sgpu app explain painter
  sgpu app explain painter -n 100`,
    )
    .action(
      onPlatform<readonly [string], { readonly lines: number }>(async ({ client, output }, [name], { lines }) => {
        const app = await appRecord(client, name);
        const [queue, { decisions }, runners] = await Promise.all([
          client.ofApp<Backlog>('GET', app.id, '/queue'),
          client.ofApp<{ readonly decisions: readonly Decision[] }>(
            'GET',
            app.id,
            `/decisions?limit=${Math.max(1, lines)}`,
          ),
          runnersOf(client, app),
        ]);
        output.result({ app: app.id, revision: app.revision, queue, runners, decisions }, () =>
          [
            `${output.colors.bold(app.id)}: ${queueInWords(queue)}, ${plural(runners.length, 'runner')}`,
            ...(app.closingSince === undefined ? [] : ['It is being removed: it takes no request.']),
            ...(app.failure === undefined ? [] : [`Its last start failed: ${app.failure.reason}`]),
            ...runners.map(runnerInWords),
            '',
            ...(decisions.length === 0 ? [NO_DECISION] : decisions.map(decisionInWords)),
          ].join('\n'),
        );
      }),
    );
}

const NO_DECISION = 'Nothing was decided for it yet: runners start with the first request, or with min_concurrency.';

function queueInWords({ waiting, inProgress, oldestWaitingAt }: Backlog): string {
  const since = oldestWaitingAt === undefined ? '' : ` (the oldest for ${duration(Date.now() - oldestWaitingAt)})`;
  return `${plural(waiting, 'request')} waiting${since}, ${inProgress} in progress`;
}

function runnerInWords({ runner_id, state, uptime_seconds, expiration_countdown, detail }: RunnerSummary): string {
  const leaves = expiration_countdown === null ? '' : `, retires in ${duration(expiration_countdown * 1000)}`;
  const why = detail === '' ? '' : `: ${detail}`;
  return `  ${runner_id}  ${state}, up ${duration(uptime_seconds * 1000)}${leaves}${why}`;
}

function decisionInWords({ at, reason }: Decision): string {
  return `${moment(at)}  ${reason}`;
}
