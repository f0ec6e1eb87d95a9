import { asciicast, framesOf } from '../../scripts/terminal/recording';
import { Screen } from '../../scripts/terminal/screen';
import { runSvg, terminalSvg } from '../../scripts/terminal/svg';

const SIZE = { columns: 20, rows: 3 };

function shown(...outputs: readonly string[]): readonly string[] {
  const screen = new Screen(SIZE.columns, SIZE.rows);
  for (const output of outputs) screen.write(output);
  return screen.picture().lines.map((runs) => runs.map(({ text }) => text).join('|'));
}

test('what is markup in an SVG is text in it', () => {
  expect(runSvg({ column: 0, text: '<script> & "quotes"', style: {} })).toBe(
    '<tspan x="0">&lt;script&gt; &amp; &quot;quotes&quot;</tspan>',
  );
});

test('colours and weights of a terminal become classes', () => {
  const screen = new Screen(SIZE.columns, SIZE.rows);
  screen.write('\u001b[1;31mred\u001b[0m\u001b[96mcyan\u001b[39;2mdim\u001b[22mplain');
  expect(screen.picture().lines[0]!.map(runSvg)).toEqual([
    '<tspan x="0" class="c1 b">red</tspan>',
    '<tspan x="25.2" class="c14">cyan</tspan>',
    '<tspan x="58.8" class="d">dim</tspan>',
    '<tspan x="84">plain</tspan>',
  ]);
});

test('a sequence that comes in two pieces is one', () => {
  expect(shown('a\u001b[3', '1mb')).toEqual(['a|b', '', '']);
});

test('a carriage return writes over the line, and clearing takes away its rest', () => {
  expect(shown('waiting\rdone\u001b[K')).toEqual(['done', '', '']);
});

test('the screen scrolls, and a long line goes on below', () => {
  expect(shown(`one\r\ntwo\r\n${'x'.repeat(21)}`)).toEqual(['two', 'x'.repeat(20), 'x']);
});

test('columns of a table are placed each on its own', () => {
  const screen = new Screen(SIZE.columns, SIZE.rows);
  screen.write('Name     Max runners');
  expect(screen.picture().lines[0]!.map(({ column, text }) => [column, text])).toEqual([
    [0, 'Name'],
    [9, 'Max runners'],
  ]);
});

test('outputs that come at once are one picture, and a line seen twice is written once', () => {
  const outputs = [
    { at: 0, text: 'hel' },
    { at: 0.01, text: 'lo' },
    { at: 1, text: '\r\nworld' },
  ];
  const frames = framesOf(outputs, SIZE);
  const svg = terminalSvg({ ...SIZE, frames, duration: 2, title: 'R & D' });
  expect(frames).toHaveLength(2);
  expect(svg.match(/hello/g)).toHaveLength(1);
  expect(svg).toContain('<title>R &amp; D</title>');
  expect(asciicast(outputs, SIZE, 'R & D').split('\n')[3]).toBe('[1,"o","\\r\\nworld"]');
});
