import type { AppRecord } from '../../../runtime/domain/app';
import { launched, type RunnerRecord } from '../../../runtime/domain/runner';
import type { AppProcess, LaunchPlan } from '../../../runtime/local/app-process';
import { ChildProcessFleet, type ChildProcessFleetOptions } from '../../../runtime/local/child-process-fleet';
import { Database } from '../../../runtime/local/database';
import { GpuInventory, type Gpu } from '../../../runtime/local/gpu-inventory';
import { eventually } from '../../contract/eventually';
import { exampleApp } from '../../contract/example-app';
import { describeFleet } from '../../contract/fleet';
import { expectGone, runs } from './processes';
import { temporaryFolder } from './state-folder';

const FOREVER = 'setInterval(() => {}, 1000);';
const GPU: Gpu = { uuid: 'GPU-1', name: 'NVIDIA L4', memoryMib: 23_034 };
const CPU_APP = exampleApp();
const GPU_APP = exampleApp({ id: 'owner/gpu', spec: { ...CPU_APP.spec, machine_type: ['GPU-L4'] } });

function script(source: string): LaunchPlan {
  return { command: process.execPath, args: ['-e', source], cwd: process.cwd(), env: {}, port: 'announced' };
}

function runnerOf(app: AppRecord, id: string): RunnerRecord {
  return launched({ id, app: app.id, revision: app.revision, createdAt: 1 });
}

async function openDatabase(): Promise<{ readonly database: Database; readonly close: () => Promise<void> }> {
  const folder = await temporaryFolder();
  const database = Database.open(folder.path);
  const close = async (): Promise<void> => {
    database.close();
    await folder.remove();
  };
  return { database, close };
}

describeFleet('ChildProcessFleet', async () => {
  const { database, close } = await openDatabase();
  const failing = exampleApp({ id: 'owner/failing' });
  const fleet = new ChildProcessFleet({
    database,
    gpus: new GpuInventory([]),
    plan: async (_runner, app) => script(app.id === failing.id ? 'process.exit(3)' : FOREVER),
    attach: () => undefined,
    report: () => undefined,
  });
  return { fleet, lasting: CPU_APP, failing, close: () => fleet.close().then(close) };
});

describe('a ChildProcessFleet', () => {
  let state: Awaited<ReturnType<typeof openDatabase>>;
  let fleet: ChildProcessFleet;
  let attached: Map<string, AppProcess>;
  let reported: string[];

  beforeEach(async () => {
    state = await openDatabase();
    attached = new Map();
    reported = [];
  });
  afterEach(async () => {
    await fleet.close();
    await state.close();
  });

  function open(over: Partial<ChildProcessFleetOptions> = {}): void {
    fleet = new ChildProcessFleet({
      database: state.database,
      gpus: new GpuInventory([GPU]),
      plan: async () => script(FOREVER),
      attach: (runner, _app, process) => void attached.set(runner.id, process),
      report: (_runner, text) => reported.push(text),
      ...over,
    });
  }

  async function expectEnded(id: string, exitReason: unknown): Promise<void> {
    await eventually(async () => {
      expect(await fleet.list()).toContainEqual({ id, running: false, exitReason });
    });
  }

  async function attachedTo(id: string): Promise<AppProcess> {
    return eventually(async () => {
      const process = attached.get(id);
      if (process === undefined) throw new Error(`${id} has no agent yet`);
      return process;
    });
  }

  /** The value of a variable in the app of a runner. */
  async function variable(id: string): Promise<string> {
    const process = await attachedTo(id);
    return new Promise((resolve) => {
      process.onLine(({ message }) => {
        resolve(message);
      });
    });
  }

  const PRINT_GPUS = script(`console.log('visible: ' + process.env.CUDA_VISIBLE_DEVICES); ${FOREVER}`);

  test('launching returns while the plan is still being made', async () => {
    open({ plan: () => new Promise(() => undefined) });
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    expect(await fleet.list()).toEqual([{ id: 'a', running: true }]);
  });

  test('a runner that is stopped while it is prepared ends, and its preparation hears of it', async () => {
    let heard: AbortSignal | undefined;
    open({
      plan: (_runner, _app, signal) => {
        heard = signal;
        return new Promise(() => undefined);
      },
    });
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    await eventually(async () => {
      expect(heard).toBeDefined();
    });
    await fleet.stop('a', 0);
    await expectEnded('a', 'stopped');
    expect(heard?.aborted).toBe(true);
  });

  test('a preparation that fails is the reason why the runner ended', async () => {
    open({ plan: () => Promise.reject(new Error('pip found no numpy==99')) });
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    await expectEnded('a', 'pip found no numpy==99');
  });

  test('an app that says why it failed is quoted', async () => {
    const failure = JSON.stringify({ type: 'failed', message: 'setup() raised ValueError' });
    open({ plan: async () => script(`console.log('\\x1e' + ${JSON.stringify(failure)}); process.exitCode = 1`) });
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    await expectEnded('a', 'setup() raised ValueError');
  });

  test('an agent that cannot be put beside the process ends it', async () => {
    let guard = Number.NaN;
    open({
      attach: (_runner, _app, process) => {
        guard = process.group ?? Number.NaN;
        throw new Error('no agent');
      },
    });
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    await expectEnded('a', 'no agent');
    expect(runs(guard)).toBe(false);
  });

  test('closing ends every runner and starts no other', async () => {
    open();
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    const { group = Number.NaN } = await attachedTo('a');
    await fleet.close();
    await fleet.launch(runnerOf(CPU_APP, 'b'), CPU_APP);
    await expectEnded('a', 'stopped');
    await expectEnded('b', 'stopped');
    await expectGone([group]);
    expect(attached.has('b')).toBe(false);
  });

  test('no process is on record once it has ended', async () => {
    open();
    await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
    const { group } = await attachedTo('a');
    expect(state.database.all('SELECT leader, runner FROM process_groups')).toEqual([[group, 'a']]);
    await fleet.stop('a', 0);
    await expectEnded('a', 'stopped');
    expect(state.database.all('SELECT * FROM process_groups')).toEqual([]);
  });

  describe('with one GPU', () => {
    test('an app that asks for a GPU sees the one it holds', async () => {
      open({ plan: async () => PRINT_GPUS });
      await fleet.launch(runnerOf(GPU_APP, 'a'), GPU_APP);
      expect(await variable('a')).toBe('visible: GPU-1');
      expect(reported).toEqual([]);
    });

    test('an app that asks for none sees none', async () => {
      open({ plan: async () => PRINT_GPUS });
      await fleet.launch(runnerOf(CPU_APP, 'a'), CPU_APP);
      expect(await variable('a')).toBe('visible: ');
    });

    test('a second runner waits, says for what, and starts when the first has ended', async () => {
      const waited: string[] = [];
      open({ waitingFor: (runner, what) => waited.push(`${runner.id}: ${what}`) });
      await fleet.launch(runnerOf(GPU_APP, 'a'), GPU_APP);
      const first = await attachedTo('a');
      await fleet.launch(runnerOf(GPU_APP, 'b'), GPU_APP);
      await eventually(async () => {
        expect(waited).toEqual(['b: a free GPU: 0 of 1 free']);
      });
      expect(await fleet.list()).toContainEqual({ id: 'b', running: true });
      expect(attached.has('b')).toBe(false);
      await first.terminate(0);
      await attachedTo('b');
    });

    test('a runner that is stopped while it waits for a GPU ends', async () => {
      open();
      await fleet.launch(runnerOf(GPU_APP, 'a'), GPU_APP);
      await attachedTo('a');
      await fleet.launch(runnerOf(GPU_APP, 'b'), GPU_APP);
      await eventually(async () => {
        expect(reported).toEqual(['waits for a free GPU: 0 of 1 free']);
      });
      await fleet.stop('b', 0);
      await expectEnded('b', 'stopped');
    });

    test('an app that asks for more GPUs than there are ends with the reason', async () => {
      open();
      const greedy = exampleApp({ spec: { ...GPU_APP.spec, num_gpus: 8 } });
      await fleet.launch(runnerOf(greedy, 'a'), greedy);
      await expectEnded('a', 'It asks for 8 GPUs, this machine has 1');
    });
  });

  test('on a machine without a GPU an app runs on the CPU, which is said once', async () => {
    open({ gpus: new GpuInventory([]), plan: async () => PRINT_GPUS });
    await fleet.launch(runnerOf(GPU_APP, 'a'), GPU_APP);
    await fleet.launch(runnerOf(GPU_APP, 'b'), GPU_APP);
    expect([await variable('a'), await variable('b')]).toEqual(['visible: ', 'visible: ']);
    expect(reported).toEqual(['owner/gpu asks for a GPU and this machine has none: it runs on the CPU']);
  });
});
