/** Prints lines of apps: those that there are, and with `--follow` those that come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppLogLine } from '../../runtime/ports';
import { moment } from '../moments';
import type { Output } from '../output';
import type { LogFilter, LogSource } from './log-source';

export interface ShowOptions extends LogFilter {
  readonly lines: number;
  readonly follow?: boolean;
}

/** How soon a line is seen. */
const PAUSE_MS = 1_000;

/** Returns when all is shown; with `follow` never, until Ctrl-C. */
export async function showLogs(source: LogSource, output: Output, options: ShowOptions): Promise<void> {
  const filter = filterOf(options);
  const latest = await source.latest(filter, options.lines);
  if (latest.length === 0 && options.follow !== true && !output.asJson) output.note(NOTHING);
  print(latest, output);
  let last = latest.at(-1);
  while (options.follow === true) {
    const lines = await source.after(last, filter);
    print(lines, output);
    last = lines.at(-1) ?? last;
    if (lines.length === 0) await sleep(PAUSE_MS);
  }
}

const NOTHING = 'No lines. Apps print when they start and work; --since 1d looks further back.';

/** One JSON object a line, or a line as people read it. */
export function print(lines: readonly AppLogLine[], { asJson, colors }: Output): void {
  for (const { at, level, message, runner, request } of lines) {
    const text = asJson
      ? JSON.stringify({
          timestamp: new Date(at).toISOString(),
          level,
          message,
          runner_id: runner,
          request_id: request,
        })
      : `${colors.dim(moment(at))} ${request === undefined ? '' : `${colors.cyan(request.slice(-8))} `}${coloured(level, message)}`;
    process.stdout.write(`${text}\n`);
  }

  function coloured(level: string, message: string): string {
    if (/^(ERROR|CRITICAL)$/i.test(level)) return colors.red(message);
    return /^WARN/i.test(level) ? colors.yellow(message) : message;
  }
}

function filterOf({ since, until, search, request, runner }: ShowOptions): LogFilter {
  return Object.fromEntries(
    Object.entries({ since, until, search, request, runner }).filter(([, value]) => value !== undefined),
  );
}
