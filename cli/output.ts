/** What a command prints: for people, or as JSON for programs. */
import { Option, type Command } from 'commander';
import picocolors from 'picocolors';
import { table, type Column } from './table';

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface OutputOptions {
  readonly output?: 'pretty' | 'json';
  readonly json?: boolean;
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--output <format>', 'for people or for programs').choices(['pretty', 'json']))
    .addOption(new Option('--json', 'the same as --output json').hideHelp())
    .option('-v, --verbose', 'show each call to the platform and to AWS on stderr');
}

/** Where a command says what it found; results go to stdout, notes to stderr. */
export class Output {
  readonly asJson: boolean;

  constructor({ output, json }: OutputOptions) {
    this.asJson = json === true || output === 'json';
  }

  /** Colours, which are none where they would be seen as characters or are not wanted. */
  get colors(): Colors {
    return colorsFor(process.stdout);
  }

  /** The result: the value as JSON, or a text for people. */
  result(value: unknown, text: () => string): void {
    process.stdout.write(`${this.asJson ? JSON.stringify(value, undefined, 2) : text()}\n`);
  }

  /** A table that fits the terminal. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
    const { isTTY, columns: width } = process.stdout;
    return table(columns, rows, { colors: this.colors, ...(isTTY ? { width } : {}) });
  }

  /** Something to know beside the result. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

/** As https://no-color.org asks; `FORCE_COLOR` wins. */
export function colorsFor(stream: NodeJS.WriteStream): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  const unwanted = (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  // A stream that is no terminal has no `isTTY`; picocolors would then look for itself, and colours wherever `CI` is set.
  const { isTTY: isTerminal = false } = stream as { readonly isTTY?: boolean };
  return picocolors.createColors(forced || (isTerminal && !unwanted));
}
