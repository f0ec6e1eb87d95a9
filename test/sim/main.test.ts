import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
    ...[10, 60, 180, 300, 600, 900, 1200, 2400, 3600].map((keepAlive) => `fal keep_alive=${keepAlive}`),
    ...[2, 60, 180, 300, 600, 1200, 3600].map((window) => `modal scaledown_window=${window}`),
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
  expect(policies.size).toBe(13);
});

test('--json gives the same rows with the number of unserved requests', () => {
  const rows = JSON.parse(compare('--policies', 'beta9', '--json')) as readonly Record<string, unknown>[];
  expect(rows).toHaveLength(9);
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

test('replay says what a day cost and how far from a clairvoyant it was', () => {
  const replayed = run(['replay', '--trace', trace, '--start-seconds', '300', '--scaling-policy', 'adaptive']);
  expect(replayed).toContain('a clairvoyant needs');
  expect(replayed).toMatch(/regret: [0-9.-]+ GPU-hours and [0-9.]+ hours of waiting/);
});

test('frontier prints a row for each point of the adaptive policy and plots to a folder', () => {
  const out = join(folder, 'plots');
  const table = run([
    'frontier',
    ...['--start-seconds', '30', '--trace', trace, '--policies', 'adaptive,modal', '--out', out],
  ]);
  expect(table.split('\n').filter((line) => line.startsWith('| trace | 30 |'))).toHaveLength(9);
  expect(readdirSync(out).sort()).toEqual(['trace-30-p95.svg', 'trace-30.svg']);
});

test.each([
  [['compare'], '--trace is missing'],
  [['compare', '--trace', 'none.csv', '--start-seconds', '1'], "none.csv can't be read"],
  [['contrast'], 'There is no command "contrast"'],
  [['frontier', '--traces', 'poison'], 'There is no trace "poison"; did you mean \'poisson\'?'],
  [['replay', '--trace', 'none.csv', '--scaling-policy', 'x'], '--scaling-policy is "x": it must be fal or adaptive'],
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
