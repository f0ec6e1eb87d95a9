/** `sgpu queue dead-letters` */
import type { Command } from 'commander';
import type { RequestHead } from '../../runtime/domain/request';
import { appRecord } from '../apps/app-record';
import { moment } from '../moments';
import { wholeNumber } from '../option-values';
import { onPlatform, platformCommand } from '../platform-command';
import type { Column } from '../table';

interface DeadLetter {
  readonly request_id: string;
  readonly path: string;
  readonly submitted_at: number;
  readonly attempts: number;
  readonly status: number | null;
  readonly error: string;
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'Request', value: (letter) => letter.request_id },
  { title: 'Path', value: ({ path }) => path, spare: 2 },
  { title: 'Submitted', value: (letter) => moment(letter.submitted_at), spare: 1 },
  { title: 'Attempts', value: ({ attempts }) => attempts, right: true },
  { title: 'Status', value: ({ status }) => status ?? '', right: true },
  { title: 'Error', value: ({ error }) => error },
];

export function deadLettersCommand(): Command {
  return platformCommand('dead-letters')
    .summary('requests that failed for good')
    .description('Lists requests of an app whose attempts are used up. `sgpu queue redrive` sends them round again.')
    .argument('<app>', 'the name of the app')
    .option('-n, --lines <number>', 'how many at most', wholeNumber, 50)
    .addHelpText(
      'after',
      `
JSON: {"requests":[{"request_id","path","submitted_at","attempts","status","error"}]}

Examples:
  sgpu queue dead-letters painter`,
    )
    .action(
      onPlatform<readonly [string], { readonly lines: number }>(async ({ client, output }, [name], { lines }) => {
        const { id } = await appRecord(client, name);
        const path = `/dead-letters?limit=${Math.max(1, lines)}`;
        const found = await client.ofApp<{ readonly requests: readonly RequestHead[] }>('GET', id, path);
        const requests = found.requests.map(deadLetter);
        output.result({ requests }, () =>
          requests.length === 0 ? 'No dead letters.' : output.table(COLUMNS, requests),
        );
      }),
    );
}

function deadLetter({ id, path, submittedAt, attempt, outcome }: RequestHead): DeadLetter {
  return {
    request_id: id,
    path,
    submitted_at: submittedAt,
    attempts: attempt,
    status: outcome?.status ?? null,
    error: outcome?.error ?? '',
  };
}
