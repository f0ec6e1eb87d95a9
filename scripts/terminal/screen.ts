/** What a terminal shows after some output: lines, SGR colours, carriage returns and clearing; whatever else is ignored. */

export interface Style {
  /** One of the 16 colours of a terminal, 0 to 15; absent: the terminal's own. */
  readonly colour?: number;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

/** Text of one style within a line. */
export interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

export interface Picture {
  readonly lines: readonly (readonly Run[])[];
  readonly cursor: { readonly column: number; readonly row: number };
}

interface Cell {
  readonly character: string;
  readonly style: Style;
}

const BLANK: Cell = { character: ' ', style: {} };

/** An escape sequence, or one that has only begun at the end of the output. */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /^\u001b(?:\[([0-9;?]*)([@-~])|\][^\u0007]*\u0007|[^[\]])/;

export class Screen {
  private cells: Cell[][];
  private column = 0;
  private row = 0;
  private style: Style = {};
  /** The beginning of a sequence whose end has not come yet. */
  private pending = '';

  constructor(
    private readonly columns: number,
    private readonly rows: number,
  ) {
    this.cells = Array.from({ length: rows }, () => []);
  }

  write(output: string): void {
    let rest = this.pending + output;
    this.pending = '';
    while (rest !== '') {
      if (rest.startsWith('\u001b')) {
        const sequence = SEQUENCE.exec(rest);
        if (sequence === null) {
          this.pending = rest;
          return;
        }
        this.obey(sequence[2], sequence[1] ?? '');
        rest = rest.slice(sequence[0].length);
      } else {
        const [character = ''] = rest;
        this.put(character);
        rest = rest.slice(character.length);
      }
    }
  }

  picture(): Picture {
    return {
      lines: this.cells.map(runsOf),
      cursor: { column: Math.min(this.column, this.columns - 1), row: this.row },
    };
  }

  private put(character: string): void {
    if (character === '\r') this.column = 0;
    else if (character === '\n') this.nextLine();
    else if (character === '\b') this.column = Math.max(0, this.column - 1);
    else if (character >= ' ') this.print(character);
  }

  private print(character: string): void {
    if (this.column === this.columns) {
      this.column = 0;
      this.nextLine();
    }
    const line = this.line();
    while (line.length < this.column) line.push(BLANK);
    line[this.column] = { character, style: this.style };
    this.column += 1;
  }

  private nextLine(): void {
    if (this.row < this.rows - 1) this.row += 1;
    else this.cells = [...this.cells.slice(1), []];
  }

  private obey(command: string | undefined, parameters: string): void {
    if (command === 'm') this.style = styled(this.style, parameters.split(';').map(Number));
    else if (command === 'A') this.row = Math.max(0, this.row - (Number(parameters) || 1));
    else if (command === 'G') this.column = Math.min(this.columns, Number(parameters) || 1) - 1;
    else if (command === 'K') this.clearLine(Number(parameters));
  }

  /** 0: from the cursor on, 1: up to it, 2: all. */
  private clearLine(part: number): void {
    const line = this.line();
    if (part === 1) line.fill(BLANK, 0, this.column + 1);
    else line.length = part === 0 ? Math.min(line.length, this.column) : 0;
  }

  private line(): Cell[] {
    return (this.cells[this.row] ??= []);
  }
}

function styled(before: Style, codes: readonly number[]): Style {
  return codes.reduce<Style>((style, code) => {
    if (code === 0) return {};
    if (code === 1) return { ...style, bold: true };
    if (code === 2) return { ...style, dim: true };
    if (code === 22) return { ...style, bold: false, dim: false };
    if (code >= 30 && code <= 37) return { ...style, colour: code - 30 };
    if (code >= 90 && code <= 97) return { ...style, colour: code - 90 + 8 };
    if (code === 39) return { ...style, colour: undefined };
    return style;
  }, before);
}

/** Two blanks end a run as a change of style does: columns of a table stand right whatever the font's width. */
function runsOf(line: readonly Cell[]): readonly Run[] {
  const runs: { column: number; text: string; style: Style }[] = [];
  let open = false;
  line.forEach(({ character, style }, column) => {
    const last = runs.at(-1);
    if (character === ' ' && (!open || (line[column + 1] ?? BLANK).character === ' ')) open = false;
    else if (open && last !== undefined && sameStyle(last.style, style)) last.text += character;
    else runs.push({ column, text: character, style });
    if (character !== ' ') open = true;
  });
  return runs.filter(({ text }) => text.trim() !== '');
}

function sameStyle(one: Style, other: Style): boolean {
  return one.colour === other.colour && !!one.bold === !!other.bold && !!one.dim === !!other.dim;
}
