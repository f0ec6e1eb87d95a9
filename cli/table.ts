/** Tables of a command's results. */
import Table from 'cli-table3';
import type { Colors } from './output';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** Left out first where the terminal is too narrow: 1 before 2. Columns without it always stay. */
  readonly spare?: number;
  readonly right?: boolean;
}

export interface TableOptions {
  /** Of the terminal, in characters. Absent: as wide as the content. */
  readonly width?: number;
  readonly colors: Colors;
}

const GAP = 2;
const NARROWEST = 8;

/** A heading and a line for each row. What does not fit is left out by columns first, then cut off in the widest. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width = Infinity, colors }: TableOptions,
): string {
  const shown = fitting(columns, rows, width);
  const widths = narrowed(
    shown.map((column) => widthOf(column, rows)),
    width,
  );
  const drawn = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': GAP },
    colWidths: widths.map((content) => content + GAP),
    colAligns: shown.map(({ right }) => (right === true ? 'right' : 'left')),
  });
  drawn.push(shown.map(({ title }) => colors.bold(title)));
  drawn.push(...rows.map((row) => shown.map(({ value }) => String(value(row)))));
  const lines = drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  if (shown.length < columns.length)
    lines.push(colors.dim(leftOut(columns.filter((column) => !shown.includes(column)))));
  return lines.join('\n');
}

const NO_LINES: Readonly<Record<string, string>> = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', right: '', 'right-mid': '' },
  ...{ mid: '', 'mid-mid': '', middle: '' },
};

function leftOut(columns: readonly { readonly title: string }[]): string {
  return `No room for ${columns.map(({ title }) => title).join(', ')}: widen the terminal, or use --output json`;
}

function fitting<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): readonly Column<Row>[] {
  const needed = columns.reduce((sum, column) => sum + widthOf(column, rows) + GAP, -GAP);
  const first = columns.filter(({ spare }) => spare !== undefined).sort((a, b) => (a.spare ?? 0) - (b.spare ?? 0))[0];
  if (needed <= width || first === undefined) return columns;
  return fitting(
    columns.filter((column) => column !== first),
    rows,
    width,
  );
}

function widthOf<Row>({ title, value }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(title.length, ...rows.map((row) => plain(String(value(row))).length));
}

/** The widest column gives way until the line fits. */
function narrowed(widths: readonly number[], width: number): readonly number[] {
  const total = widths.reduce((sum, content) => sum + content + GAP, 0);
  const widest = Math.max(...widths);
  if (total <= width || widest <= NARROWEST) return widths;
  const at = widths.indexOf(widest);
  return narrowed(
    widths.map((content, index) => (index === at ? content - 1 : content)),
    width,
  );
}

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[\d+m/g, '');
}
