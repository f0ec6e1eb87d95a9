/** What the real `sgpu` says to what it can't serve: one clear message, exit code 1, no stack trace. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endAllSgpu, Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';

const folder = new TestFolder();
let neighbour: Server;

const ENDPOINT = `
    @fal.endpoint("/")
    def answer(self) -> dict:
        return {}
`;
const app = (declaration: string, body = ''): string => `class ${declaration}:\n    ${body || 'pass'}\n${ENDPOINT}\n`;

beforeAll(async () => {
  folder.write('good.py', `import fal\n\n${app('Good(fal.App)', 'machine_type = "CPU"')}`);
  folder.write('several.py', `import fal\n\n${app('One(fal.App)')}\n${app('Two(fal.App)')}`);
  folder.write('twins.py', `import fal\n\n${app('One(fal.App, name="same")')}\n${app('Two(fal.App, name="same")')}`);
  folder.write('none.py', 'answer = 42\n');
  folder.write('empty.py', '');
  folder.write('prose.txt', 'Dear reader,\n');
  folder.write('image.png', '\x89PNG\r\n\0\0');
  folder.write('syntax.py', `import fal\n\nclass Broken(fal.App:\n    pass\n`);
  folder.write('dynamic.py', `import fal\nimport os\n\n${app('Dynamic(fal.App)', 'machine_type = os.environ["M"]')}`);
  folder.write('machine.py', `import fal\n\n${app('Machine(fal.App)', 'machine_type = "GPU-H1O0"')}`);
  folder.write('limits.py', `import fal\n\n${app('Limits(fal.App, min_concurrency=3, max_concurrency=2)')}`);
  neighbour = createServer();
  await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  neighbour.close();
  await endAllSgpu();
  folder.remove();
});

async function refusal(...args: readonly string[]): Promise<string> {
  const sgpu = Sgpu.run(args, { folder: folder.path });
  const { code, signal } = await sgpu.exited;
  expect({ code, signal, output: sgpu.output }).toEqual({ code: 1, signal: null, output: sgpu.errors });
  expect(sgpu.errors).not.toMatch(/^\s+at /m);
  return sgpu.errors.trim();
}

/** On a free port, with the state in the test's folder. */
function runRefusal(...args: readonly string[]): Promise<string> {
  return refusal('run', ...args, '--port', '0', '--state', folder.file('state'));
}

describe('an app that is not there', () => {
  test.each([
    [['missing.py::App'], 'sgpu: There is no file missing.py'],
    [['.'], 'sgpu: . is a folder: name the Python file in it'],
    [['good.py::Bad'], 'sgpu: good.py has no app Bad. It has: Good'],
    [['several.py'], 'sgpu: several.py has several apps: One, Two. Name one, such as several.py::One'],
    [['none.py'], /^sgpu: none.py has no app\. Nothing in it derives from fal\.App/],
    [['empty.py'], 'sgpu: empty.py is empty: it should hold a class derived from fal.App'],
    [['good.py::Good::More'], /^sgpu: 'good.py::Good::More' names no app: write FILE\.py::ClassName/],
    [[], /^sgpu: Nothing to serve: name FILE\.py::ClassName/],
  ] as const)('%j', async (args, message) => {
    expect(await runRefusal(...args)).toMatch(message);
  });
});

describe('a file that is no Python', () => {
  test.each([
    ['prose.txt', 'sgpu: prose.txt:1:6: this is not valid Python, near `Dear reader,`'],
    ['image.png', 'sgpu: image.png is no Python file: it holds no text'],
    ['syntax.py', 'sgpu: syntax.py:3:21: this is not valid Python, near `class Broken(fal.App:`'],
  ])('%s', async (file, message) => {
    expect(await runRefusal(file)).toBe(message);
  });
});

describe('an app that contradicts itself or the platform', () => {
  test('two of one name', async () => {
    expect(await runRefusal('twins.py::One', 'twins.py::Two')).toBe(
      `sgpu: Two apps are named 'same': One in twins.py and Two in twins.py. ` +
        'Give one another name, such as class Two(fal.App, name="…")',
    );
  });

  test('a setting that only running the code would tell', async () => {
    const message = await runRefusal('dynamic.py');
    expect(message).toMatch(
      /^sgpu: dynamic\.py:5: machine_type: `os\.environ\["M"\]` is known only when the code runs/,
    );
  });

  test('an unknown machine type, in the file and on the command line', async () => {
    expect(await runRefusal('machine.py')).toMatch(
      /^sgpu: machine\.py:4: machine_type 'GPU-H1O0' is unknown; did you mean 'GPU-H100'\?/,
    );
    expect(await runRefusal('good.py', '--machine-type', 'A100')).toMatch(/did you mean 'GPU-A100'\?/);
  });

  test('more runners at least than at most', async () => {
    const message = 'min_concurrency 3 is above max_concurrency 2: lower it to 2, or raise max_concurrency';
    expect(await runRefusal('limits.py')).toBe(`sgpu: limits.py:3: ${message}`);
    const options = ['--min-concurrency', '3', '--max-concurrency', '2'];
    expect(await runRefusal('good.py', ...options)).toBe(`sgpu: ${message}`);
  });
});

describe('a place that is not free or not ours', () => {
  test('a port in use', async () => {
    const { port } = neighbour.address() as AddressInfo;
    const message = await refusal('run', 'good.py', '--port', String(port), '--state', folder.file('state'));
    expect(message).toBe(
      `sgpu: Port ${port} on 127.0.0.1 is in use: choose another with --port, or 0 for any free one`,
    );
  });

  test('a host that is not this machine', async () => {
    const message = 'sgpu: 203.0.113.7 is no address of this machine: choose another with --host';
    expect(await runRefusal('good.py', '--host', '203.0.113.7')).toBe(message);
  });

  test('a state folder in use', async () => {
    const first = await Sgpu.serve(['good.py'], { folder: folder.path });
    expect(await runRefusal('good.py')).toBe(
      `sgpu: The state folder ${folder.file('state')} is in use by another sgpu; stop it or choose --state`,
    );
    await first.stop();
  });

  test('a state folder that is a file', async () => {
    expect(await refusal('run', 'good.py', '--port', '0', '--state', 'none.py')).toBe(
      `sgpu: ${folder.file('none.py')} can't be the state folder: there is a file of that name. Choose another with --state`,
    );
  });
});

(process.platform === 'linux' ? test : test.skip)('a state folder where no file can be', async () => {
  expect(await refusal('run', 'good.py', '--port', '0', '--state', '/proc/none')).toMatch(
    /^sgpu: \/proc\/none can't be the state folder: /,
  );
});

describe('options that make no sense', () => {
  const exec = ['--exec', 'true'];
  test.each([
    [[...exec, '--name', 'server'], /^sgpu: --exec needs --app-port/],
    [[...exec, '--app-port', '9000'], /^sgpu: --exec needs --name/],
    [[...exec, '--app-port', '9000', '--name', 'My Server'], /^sgpu: name is "My Server": it must be/],
    [['good.py', '--app-port', '9000'], /^sgpu: --app-port belongs to --exec/],
    [['good.py', 'several.py::One', '--name', 'both'], /^sgpu: --name can name only one app/],
    [['good.py', '--auth', 'maybe'], /^error: .*Allowed choices are public, private/],
    [['good.py', '--keep-alive', 'long'], /^error: .*It must be a number of seconds/],
    [['good.py', '--prot', '80'], /^error: unknown option '--prot'\s+\(Did you mean --port\?\)/],
  ] as const)('%j', async (args, message) => {
    expect(await runRefusal(...args)).toMatch(message);
  });

  test('one port for the platform and the server beside it', async () => {
    const args = ['--exec', 'true', '--name', 'server', '--app-port', '9000', '--port', '9000'];
    expect(await refusal('run', ...args)).toMatch(/^sgpu: The server and the platform can't both listen on 9000/);
  });

  test('a port that there is not', async () => {
    expect(await refusal('run', 'good.py', '--port', '70000')).toMatch(/Ports end at 65535/);
  });

  test('a command that there is not', async () => {
    expect(await refusal('serve')).toMatch(/^error: unknown command 'serve'/);
  });
});
