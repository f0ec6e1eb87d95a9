/** What becomes of requests, and what the log says, when an app can't be started. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { QueueCalls, type Answer } from '../end-to-end/queue-calls';
import { endAllSgpu, Sgpu, type SgpuOptions } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';

const folder = new TestFolder();
beforeAll(() => {
  folder.write(
    'app.py',
    `
import fal

class Fine(fal.App):
    machine_type = "CPU"

    @fal.endpoint("/")
    def answer(self) -> dict:
        return {}

class Unresolvable(Fine, name="unresolvable"):
    requirements = ["sgpu-no-such-package==0.0.0"]

class Unimportable(Fine, name="unimportable"):
    def setup(self) -> None:
        import no_such_module
`,
  );
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** A direct call of an app and a queued one: what the first is told, what becomes of the second, what the log says. */
async function fate(
  name: string,
  args: readonly string[],
  options: Partial<SgpuOptions> = {},
): Promise<{ readonly direct: Answer; readonly queued: string; readonly output: string }> {
  const sgpu = await Sgpu.serve(args, { folder: folder.path, ...options });
  const calls = new QueueCalls(() => sgpu.url, `local/${name}`);
  const id = await calls.accepted({});
  const direct = await calls.run({});
  await sgpu.printed(/→ 0 runners/);
  const queued = await calls.status(id);
  await sgpu.stop();
  return { direct, queued, output: sgpu.output };
}

function unavailable(reason: RegExp): unknown {
  return {
    status: 503,
    body: {
      detail: expect.stringMatching(reason) as unknown,
      error_type: 'runner_scheduling_failure',
    },
  };
}

test('requirements that do not resolve', async () => {
  const reason = /The requirements can't be installed: .*sgpu-no-such-package/;
  const { direct, queued, output } = await fate('unresolvable', ['app.py::Unresolvable']);
  expect(direct).toMatchObject(unavailable(reason) as object);
  expect(queued).toBe('IN_QUEUE');
  expect(output).toMatch(/Making a Python environment: sgpu-no-such-package==0\.0\.0/);
  expect(output).toMatch(reason);
});

test('no Python', async () => {
  mkdirSync(folder.file('bin'));
  symlinkSync('/bin/sh', folder.file('bin/sh'));
  const { direct, queued, output } = await fate('fine', ['app.py::Fine'], { env: { PATH: folder.file('bin') } });
  const reason = /No Python 3\.10 or newer was found: looked for python3, .*Install Python/;
  expect(direct).toMatchObject(unavailable(reason) as object);
  expect(queued).toBe('IN_QUEUE');
  expect(output).toMatch(reason);
});

test('a module that is not among the requirements', async () => {
  const { direct, queued, output } = await fate('unimportable', ['app.py::Unimportable']);
  expect(direct).toMatchObject(unavailable(/imports no_such_module, which is not installed: add it/) as object);
  expect(queued).toBe('IN_QUEUE');
  expect(output).toMatch(/ModuleNotFoundError: No module named 'no_such_module'/);
});

describe('a command', () => {
  const exec = (command: string): readonly string[] => ['--exec', command, '--app-port', '9', '--name', 'server'];

  test('that does not exist', async () => {
    const { direct, output } = await fate('server', exec('sgpu-no-such-command'));
    expect(direct).toMatchObject(unavailable(/exit code 127: .*was not found/) as object);
    expect(output).toMatch(/sgpu-no-such-command: .*not found/);
  });

  test('that ends at once', async () => {
    const { direct, output } = await fate('server', exec('echo out of paint >&2; exit 3'));
    expect(direct).toMatchObject(unavailable(/exit code 3/) as object);
    expect(output).toMatch(/out of paint/);
  });

  test('that never opens its port', async () => {
    const { direct, queued } = await fate('server', [...exec('sleep 1000'), '--startup-timeout', '2']);
    expect(direct).toMatchObject({
      status: 504,
      body: {
        detail: expect.stringContaining('its port never opened') as unknown,
        error_type: 'startup_timeout',
      },
    });
    expect(queued).toBe('IN_QUEUE');
  });
});
