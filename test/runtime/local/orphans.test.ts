/** What becomes of apps when the platform is killed without a chance to clean up. */
import { execFileSync } from 'node:child_process';
import { ChildProcessFleet } from '../../../runtime/local/child-process-fleet';
import { Database } from '../../../runtime/local/database';
import { GpuInventory } from '../../../runtime/local/gpu-inventory';
import { launched } from '../../../runtime/domain/runner';
import { exampleApp } from '../../contract/example-app';
import { eventually } from '../../contract/eventually';
import { compileScript, runScript, type RunningScript } from './child-script';
import { expectGone, runs } from './processes';
import { temporaryFolder } from './state-folder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let script: string;
let platform: RunningScript;

beforeAll(async () => {
  folder = await temporaryFolder();
  script = compileScript('launch-and-wait', folder.path);
});
afterEach(() => platform.process.kill('SIGKILL'));
afterAll(() => folder.remove());

/** Starts a platform with an app, and resolves with the process ids of the guard and of what the app printed. */
async function launch(pidsOfApp: number, command: string, ...args: readonly string[]): Promise<Record<string, number>> {
  platform = runScript(script, folder.path, command, ...args);
  const pids: Record<string, number> = {};
  for await (const line of platform.lines) {
    const [name = '', pid] = line.split(' ');
    pids[name] = Number(pid);
    if (Object.keys(pids).length === pidsOfApp + 1) return pids;
  }
  throw new Error('The platform ended before its app had printed everything');
}

const DEAF = `for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE']) process.on(signal, () => {});`;
const FOREVER = `setInterval(() => {}, 1000);`;

/** Starts a copy of itself until `depth` is 0; no generation listens to anybody. */
const GENERATIONS = `
  ${DEAF}
  const [depth] = process.argv.slice(1).map(Number);
  console.log('generation-' + depth + ' ' + process.pid);
  if (depth > 0) require('child_process').spawn(process.execPath, ['-e', process.env.SCRIPT ?? process.execArgv[1], String(depth - 1)], { stdio: 'inherit' });
  ${FOREVER}`;

test('an app that hears no signal, its children and theirs go with a killed platform', async () => {
  const pids = await launch(3, process.execPath, '-e', GENERATIONS, '2');
  expect(Object.values(pids).every(runs)).toBe(true);
  platform.process.kill('SIGKILL');
  await expectGone(Object.values(pids));
});

test('an app that hangs in a call that never returns goes with a killed platform', async () => {
  const pids = await launch(1, process.execPath, '-e', `console.log('app ' + process.pid); for (;;);`);
  platform.process.kill('SIGKILL');
  await expectGone(Object.values(pids));
});

test('the children of a shell command go with a killed platform', async () => {
  const pids = await launch(2, 'sh', '-c', `trap '' TERM; sleep 1000 & echo "child $!"; echo "shell $$"; wait`);
  platform.process.kill('SIGKILL');
  await expectGone(Object.values(pids));
});

test('a stopped platform that is killed leaves nothing behind', async () => {
  const pids = await launch(1, process.execPath, '-e', `${DEAF} console.log('app ' + process.pid); ${FOREVER}`);
  platform.process.kill('SIGSTOP');
  platform.process.kill('SIGKILL');
  await expectGone(Object.values(pids));
});

describe('the next platform on the same state folder', () => {
  /** Stops the watch of a guard, so that the app outlives the platform as it would after the guard's watch was killed. */
  async function orphaned(): Promise<number> {
    const pids = await launch(1, process.execPath, '-e', `${DEAF} console.log('app ' + process.pid); ${FOREVER}`);
    const { guard = Number.NaN, app = Number.NaN } = pids;
    const members = execFileSync('ps', ['-A', '-o', 'pid=,pgid='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([pid, group]) => group === guard && pid !== guard && pid !== app);
    for (const [watch] of members) process.kill(watch ?? Number.NaN, 'SIGKILL');
    platform.process.kill('SIGKILL');
    await expectGone([platform.process.pid ?? Number.NaN, ...members.map(([pid]) => pid ?? Number.NaN)]);
    expect(runs(app)).toBe(true);
    return app;
  }

  function fleetOn(database: Database, beforeStart: () => void): ChildProcessFleet {
    return new ChildProcessFleet({
      database,
      gpus: new GpuInventory([]),
      plan: async () => {
        beforeStart();
        throw new Error('only looking');
      },
      attach: () => undefined,
      report: () => undefined,
    });
  }

  test('kills what the former one left, before it starts anything', async () => {
    const app = await orphaned();
    const database = Database.open(folder.path);
    let leftWhenStarting: boolean | undefined;
    const fleet = fleetOn(database, () => (leftWhenStarting = runs(app)));
    await fleet.launch(launched({ id: 'next', app: 'owner/app', revision: 'r1', createdAt: 1 }), exampleApp());
    await eventually(async () => {
      expect(leftWhenStarting).toBe(false);
    });
    await fleet.close();
    database.close();
  });

  test('leaves a process alone that only has the number of one of its own', async () => {
    const app = await orphaned();
    const database = Database.open(folder.path);
    await database.write(() => database.run(`UPDATE process_groups SET started = 'another time'`));
    const fleet = fleetOn(database, () => undefined);
    await fleet.close();
    expect(runs(app)).toBe(true);
    expect(database.all('SELECT * FROM process_groups')).toEqual([]);
    database.close();
    process.kill(app, 'SIGKILL');
    await expectGone([app]);
  });
});
