import picocolors from 'picocolors';
import { table, type Column } from '../../cli/table';

interface Row {
  readonly name: string;
  readonly detail: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Name', value: ({ name }) => name },
  { title: 'Detail', value: ({ detail }) => detail, spare: 1 },
  { title: 'Count', value: ({ count }) => count, right: true },
];
const ROWS: readonly Row[] = [
  { name: 'painter', detail: 'd'.repeat(30), count: 7 },
  { name: 'a-name-that-is-longer-than-most', detail: '', count: 12 },
];
const colors = picocolors.createColors(false);
const lines = (width?: number): readonly string[] =>
  table(COLUMNS, ROWS, { colors, ...(width === undefined ? {} : { width }) }).split('\n');

test('a file gets all of it, in columns', () => {
  expect(lines()).toEqual([
    `Name                             Detail                          Count`,
    `painter                          ${'d'.repeat(30)}      7`,
    `a-name-that-is-longer-than-most                                     12`,
  ]);
});

test('a narrow terminal gets fewer columns, and is told which are missing', () => {
  const [heading, , , missing] = lines(50);
  expect(heading).toMatch(/^Name +Count$/);
  expect(missing).toMatch(/^No room for Detail:/);
});

test.each([80, 60, 40, 24, 20])('no row is wider than a terminal of %d characters', (width) => {
  for (const line of lines(width).slice(0, 3)) expect(line.length).toBeLessThanOrEqual(width);
});
