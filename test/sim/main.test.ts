import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, USAGE } from '../../sim/main';

let folder: string;
let trace: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sim-'));
  trace = join(folder, 'trace.csv');
  writeFileSync(trace, 'app,arrival_s,service_s\na,0,10\na,1000,10\na,1005,2\nb,2000,10\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const compare = (...more: readonly string[]): string =>
  run(['compare', '--trace', trace, '--start-seconds', '300', ...more]);

test('compare prints a row of numbers for each policy and value of its knob', () => {
  const [header, ...rows] = compare('--policies', 'fal,modal').trim().split('\n');
  expect(header).toBe('policy,knob,mean_wait_s,p50_wait_s,p95_wait_s,gpu_hours,starts,delayed_share');
  expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual([
    'fal keep_alive=10',
    'fal keep_alive=60',
    'fal keep_alive=300',
    'fal keep_alive=900',
    'modal scaledown_window=2',
    'modal scaledown_window=60',
    'modal scaledown_window=300',
    'modal scaledown_window=1200',
  ]);
  // Four runners start for 300 s, work for 10, 10, 2 and 10 s and are kept for 60 s: 1472 s.
  expect(rows[1]).toBe('fal,keep_alive=60,300,300,300,0.4089,4,1');
});

test('compare without --policies compares all of them', () => {
  const policies = new Set(
    compare()
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split(',')[0]),
  );
  expect(policies.size).toBe(12);
});

test('--json gives the same rows with the number of unserved requests', () => {
  const rows = JSON.parse(compare('--policies', 'beta9', '--json')) as readonly Record<string, unknown>[];
  expect(rows).toHaveLength(4);
  expect(rows[0]).toMatchObject({ policy: 'beta9', knob: 'keep_warm_seconds=10', unserved: 0, p95_wait_s: 300 });
});

test('--shared-machines lets an app start on the warm machine of another', () => {
  const rows = JSON.parse(
    compare('--policies', 'fal', '--shared-machines', '--machine-keep-alive', '1000', '--json'),
  ) as readonly { readonly mean_wait_s: number }[];
  expect(rows[1]?.mean_wait_s).toBeLessThan(200);
});

test('the same seed prints the same', () => {
  const args = ['--policies', 'controller,beta9', '--start-variation', '0.5', '--seed', '4'];
  expect(compare(...args)).toBe(compare(...args));
});

test.each([
  [['compare'], '--trace is missing'],
  [['compare', '--trace', 'none.csv', '--start-seconds', '1'], "none.csv can't be read"],
  [['contrast'], 'There is no command "contrast"'],
  [['compare', '--trance', 'x'], "Unknown option '--trance'"],
])('%j is refused with a message', (args, message) => {
  expect(() => run(args)).toThrow(message);
});

test.each([
  [['--start-seconds=-1'], '--start-seconds is "-1"'],
  [['--start-seconds', 'long'], '--start-seconds is "long": it must be a number from 0 to 3000'],
  [['--policies', 'fall'], `There is no policy "fall"; did you mean 'fal'?`],
  [['--policies', ''], '--policies names none'],
])('the options %j are refused with a message', (args, message) => {
  expect(() => compare(...args)).toThrow(message);
});

test('without a command it says what there is', () => {
  expect(run([])).toBe(USAGE);
});
