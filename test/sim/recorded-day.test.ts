import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRecordedDay, recordedDay, replayDay, type Records } from '../../sim/recorded-day';
import { run } from '../../sim/main';
import { readyRunner, runnerRecord } from '../support/records';
import { spec } from './scenario';

const NOW = 1_700_000_000_000;
const S = 1000;

/** Two calls, ten minutes apart: one waited for a start of 100 s, the other one found the runner. */
const RECORDS: Records = {
  app: 'me/painter',
  spec: spec({ keep_alive: 60 }),
  requests: [
    { submittedAt: NOW + 600 * S, startedAt: NOW + 600 * S, completedAt: NOW + 610 * S },
    { submittedAt: NOW, startedAt: NOW + 100 * S, completedAt: NOW + 110 * S },
    { submittedAt: NOW + 700 * S },
  ],
  runners: [
    runnerRecord({
      id: 'gone',
      state: 'TERMINATED',
      createdAt: NOW,
      readyAt: NOW + 100 * S,
      stateSince: NOW + 900 * S,
    }),
    readyRunner(NOW, { id: 'there', createdAt: NOW + 3_600 * S, readyAt: NOW + 3_700 * S }),
  ],
  decisions: [{ app: 'me/painter', at: NOW, reason: '0 → 1 runners', actions: ['launch 1 runner'], inputs: {} }],
};

const day = recordedDay(RECORDS, NOW + 3_960 * S);

test('a day has what the platform recorded, counted from its first request', () => {
  expect(day).toMatchObject({ app: 'me/painter', start_s: 100, decisions: RECORDS.decisions });
  expect(day.requests).toEqual([
    { arrival_s: 600, service_s: 10, wait_s: 0 },
    { arrival_s: 0, service_s: 10, wait_s: 100 },
  ]);
  expect(day.runners).toEqual([
    { from_s: 0, until_s: 900 },
    { from_s: 3_600, until_s: 3_960 },
  ]);
});

test('what happened and what the controller would do are both told from the clairvoyant', () => {
  const { recorded, simulated } = replayDay(day);
  expect(recorded).toMatchObject({ starts: 2, mean_wait_s: 50, gpu_hours: 1260 / 3600 });
  // Two starts of 100 s and twice 10 s of work: nobody serves both at once for less.
  expect(simulated.boundGpuHours).toBeCloseTo(220 / 3600);
  expect(recorded.regret_gpu_hours).toBeCloseTo(1040 / 3600);
  expect(recorded.regret_wait_hours).toBeCloseTo(100 / 3600);
  expect(simulated.row.starts).toBe(2);
});

test('the simulator plays an exported file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sim-'));
  try {
    const file = join(folder, 'day.json');
    writeFileSync(file, JSON.stringify(day));
    const replayed = run(['replay', file]);
    expect(replayed).toContain('me/painter, as recorded: 0.35 runner-hours, 2 starts, 1 decisions');
    expect(replayed.match(/regret: /g)).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a day without answered requests can not be played', () => {
  expect(() => recordedDay({ ...RECORDS, requests: [] }, NOW)).toThrow('me/painter has no answered request on record');
});

test('where no start is on record, its time must be said', () => {
  expect(() => recordedDay({ ...RECORDS, runners: [] }, NOW)).toThrow('--start-seconds');
  expect(recordedDay({ ...RECORDS, runners: [] }, NOW, 30).start_s).toBe(30);
});

test.each([
  ['{', 'is no JSON'],
  ['{"version":9}', 'is no recorded day of version 1'],
  [JSON.stringify({ ...day, requests: [{ arrival_s: 'soon' }] }), 'is damaged'],
  [JSON.stringify({ ...day, runners: undefined }), 'is damaged'],
])('%.30s is refused', (text, message) => {
  expect(() => parseRecordedDay(text, 'day.json')).toThrow(message);
});
