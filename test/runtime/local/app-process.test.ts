import type { AppLine } from '../../../runtime/local/app-output';
import { AppProcess, type LaunchPlan } from '../../../runtime/local/app-process';
import { eventually } from '../../contract/eventually';
import { expectGone, runs } from './processes';

const started: AppProcess[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.terminate(0)));
});

function start(plan: Partial<LaunchPlan>): AppProcess {
  const path = process.env.PATH;
  const app = AppProcess.start({
    command: process.execPath,
    args: [],
    cwd: process.cwd(),
    env: { PATH: path },
    port: 'announced',
    ...plan,
  });
  started.push(app);
  return app;
}

/** Runs JavaScript in a process of its own. `control` writes a control line. */
function startScript(script: string, plan: Partial<LaunchPlan> = {}): AppProcess {
  const control = `const control = (message) => console.log('\\x1e' + JSON.stringify(message));`;
  return start({ args: ['-e', `${control}${script}`], ...plan });
}

async function linesOf(app: AppProcess): Promise<AppLine[]> {
  const lines: AppLine[] = [];
  app.onLine((line) => lines.push(line));
  await app.exited;
  return lines;
}

/** Resolves with the number that the app prints first. */
function printedNumber(app: AppProcess): Promise<number> {
  return new Promise((resolve) => {
    app.onLine(({ message }) => {
      resolve(Number(message));
    });
  });
}

const FOREVER = 'setInterval(() => {}, 1000);';
const DEAF = `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); process.on('SIGHUP', () => {});${FOREVER}`;

describe('the output of an app', () => {
  test('every line arrives, with its stream as the level, also an unfinished last one', async () => {
    const app = startScript(`console.log('one\\ntwo'); console.error('oh'); process.stdout.write('end')`);
    const lines = await linesOf(app);
    expect(lines.filter(({ level }) => level === 'STDOUT').map(({ message }) => message)).toEqual([
      'one',
      'two',
      'end',
    ]);
    expect(lines.filter(({ level }) => level === 'STDERR')).toEqual([{ level: 'STDERR', message: 'oh' }]);
  });

  test('a listener that comes late gets what was printed before', async () => {
    const app = startScript(`console.log('early')`);
    await app.exited;
    expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: 'early' }]);
  });

  test('a control line tags a message with its level and request', async () => {
    const app = startScript(`control({ type: 'log', level: 'WARNING', message: 'hot', request_id: 'r-1' })`);
    expect(await linesOf(app)).toEqual([{ level: 'WARNING', message: 'hot', requestId: 'r-1' }]);
  });

  test.each(['\x1enot json', '\x1e{"type":"listening","port":70000}', '\x1e{"type":"unknown"}', '\x1enull'])(
    'the malformed control line %j is a plain line',
    async (line) => {
      const app = startScript(`console.log(${JSON.stringify(line)})`);
      expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: line }]);
    },
  );

  test('of a progress bar the last state is kept', async () => {
    const app = startScript(`process.stderr.write('10%\\r50%\\r100%\\n')`);
    expect(await linesOf(app)).toEqual([{ level: 'STDERR', message: '100%' }]);
  });

  test('a character cut in two by the pipe arrives whole', async () => {
    const app = startScript(
      `const b = Buffer.from('ü\\n'); process.stdout.write(b.subarray(0, 1)); setTimeout(() => process.stdout.write(b.subarray(1)), 50)`,
    );
    expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: 'ü' }]);
  });

  test('a line without an end comes in pieces', async () => {
    const app = startScript(`process.stdout.write('x'.repeat(200_000))`);
    const lines = await linesOf(app);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.map(({ message }) => message).join('')).toBe('x'.repeat(200_000));
  });
});

describe('the address of an app', () => {
  test('is that of the port it announces', async () => {
    const app = startScript(`control({ type: 'listening', port: 4321 }); ${FOREVER}`);
    await expect(app.url()).resolves.toBe('http://127.0.0.1:4321');
  });

  test('is known at once where the port is fixed', async () => {
    await expect(startScript(FOREVER, { port: 5000 }).url()).resolves.toBe('http://127.0.0.1:5000');
  });

  test('is never known when the app ends before it listens, and the reason is said', async () => {
    const app = startScript(`control({ type: 'failed', message: 'setup() raised ValueError' }); process.exitCode = 1`);
    await expect(app.url()).rejects.toThrow('setup() raised ValueError');
  });
});

describe('what an app starts with', () => {
  test('nothing of this process but what the plan names', async () => {
    process.env.SGPU_TEST_SECRET = 'secret';
    const app = startScript(`console.log(process.env.SGPU_TEST_SECRET + ' ' + process.env.GIVEN)`, {
      env: { GIVEN: 'yes' },
    });
    expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: 'undefined yes' }]);
  });

  test('an empty standard input', async () => {
    const app = startScript(`process.stdin.on('data', () => {}).on('end', () => console.log('end of input'))`);
    expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: 'end of input' }]);
  });

  test('arguments that no shell reads', async () => {
    const argument = '$(echo no) `no` "; exit 3; # \'';
    const app = start({ args: ['-e', 'console.log(process.argv[1])', argument] });
    expect(await linesOf(app)).toEqual([{ level: 'STDOUT', message: argument }]);
  });
});

describe('the end of an app', () => {
  test('its exit code is told', async () => {
    expect(await startScript('process.exit(3)').exited).toEqual({ code: 3, reason: 'exit code 3' });
    expect(await startScript('').exited).toEqual({ code: 0, reason: 'exit code 0' });
  });

  test('the signal that killed it is told', async () => {
    const segfault = await startScript(`process.kill(process.pid, 'SIGSEGV'); ${FOREVER}`).exited;
    expect(segfault).toEqual({ signal: 'SIGSEGV', reason: 'killed by SIGSEGV' });
  });

  test('a kill that nobody here asked for points to the memory', async () => {
    const killed = await startScript(`process.kill(process.pid, 'SIGKILL'); ${FOREVER}`).exited;
    expect(killed).toEqual({ signal: 'SIGKILL', reason: 'killed by SIGKILL: the machine may have run out of memory' });
  });

  test('what the app says went wrong is told beside it', async () => {
    const exit = await startScript(`control({ type: 'failed', message: 'no weights' }); process.exitCode = 1`).exited;
    expect(exit).toEqual({ code: 1, reason: 'exit code 1', failure: 'no weights' });
  });

  test('the traceback of what went wrong is a line of the log', async () => {
    const app = startScript(`control({ type: 'failed', message: 'no', traceback: 'File "app.py", line 3' })`);
    expect(await linesOf(app)).toEqual([{ level: 'STDERR', message: 'File "app.py", line 3' }]);
  });

  test('a command that does not exist is named', async () => {
    const exit = await start({ command: 'no-such-program' }).exited;
    expect(exit.reason).toBe('exit code 127: no-such-program, or a command that it runs, was not found');
  });

  test('a working directory that does not exist is an exit with a reason', async () => {
    const exit = await startScript('', { cwd: '/no/such/folder' }).exited;
    expect(exit.reason).toMatch(/could not be started/);
  });

  test('on SIGTERM an app may finish and say its last words', async () => {
    const app = startScript(
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(0) }); console.log(1); ${FOREVER}`,
    );
    const lines: string[] = [];
    await new Promise<void>((resolve) => {
      app.onLine(({ message }) => {
        resolve(void lines.push(message));
      });
    });
    await app.terminate(60_000);
    expect(lines).toEqual(['1', 'bye']);
    expect(await app.exited).toMatchObject({ code: 0 });
  });

  test('an app that ignores SIGTERM is killed after the grace period', async () => {
    const app = startScript(`${DEAF} console.log(process.pid)`);
    const pid = await printedNumber(app);
    await app.terminate(10);
    expect(await app.exited).toEqual({ signal: 'SIGKILL', reason: 'killed by SIGKILL' });
    expect(runs(pid)).toBe(false);
  });

  test('what an app leaves running ends with it, also when it ignores SIGTERM', async () => {
    const app = startScript(
      `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${DEAF} console.log(process.pid)`)}], { stdio: ['ignore', 'pipe', 'ignore'] });
       child.stdout.once('data', (pid) => { console.log(String(pid).trim()); process.exitCode = 0; child.unref(); child.stdout.destroy() })`,
    );
    const pid = await printedNumber(app);
    expect(await app.exited).toMatchObject({ code: 0 });
    await expectGone([pid]);
  });

  test('terminating what has ended changes nothing', async () => {
    const app = startScript('');
    await app.exited;
    await app.terminate(0);
    expect(await app.exited).toMatchObject({ code: 0 });
  });
});

test('the guard of an app lives exactly as long as the app', async () => {
  const app = startScript(FOREVER);
  const guard = app.group ?? Number.NaN;
  await eventually(async () => {
    expect(runs(guard)).toBe(true);
  });
  await app.terminate(0);
  await expectGone([guard]);
});
