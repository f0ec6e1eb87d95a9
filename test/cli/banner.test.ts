/** The lines that `sgpu run` prints work when they are pasted into a shell or a file. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { installedPackages } from '../clients/python-client';
import { endAllSgpu, Sgpu, sgpuProgram, type SgpuOptions } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';

const folder = new TestFolder();
const APP = `
import fal

class Hello(fal.App, keep_alive=600):
    machine_type = "CPU"

    @fal.endpoint("/")
    def greet(self, name: str = "world") -> dict:
        return {"hello": name}
`;

beforeAll(() => {
  folder.write('app.py', APP);
});
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** The lines from the first that begins so, up to the next empty one. */
function block(sgpu: Sgpu, start: string): string {
  const text = sgpu.output.slice(sgpu.output.indexOf(start));
  return text.slice(0, text.indexOf('\n\n'));
}

async function shell(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], {
    env: { PATH: process.env.PATH, ...env },
    timeout: 50_000,
  });
  return stdout.trim();
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('There is no curl here: the printed curl line is not tried');
    return false;
  }
}

async function serve(args: readonly string[]): Promise<{ readonly sgpu: Sgpu; readonly setup: string }> {
  const options: SgpuOptions = { folder: folder.file('my project') };
  mkdirSync(options.folder, { recursive: true });
  const sgpu = await Sgpu.serve([folder.file('app.py'), '--https', ...args], options);
  return { sgpu, setup: sgpu.output.includes('  export FAL_KEY=') ? block(sgpu, '  export FAL_KEY=') : '' };
}

async function expectPastable(sgpu: Sgpu, setup: string): Promise<void> {
  if (hasCurl()) {
    const answer = await shell(`${setup}\n${block(sgpu, 'curl').replace('curl', 'curl --silent --show-error')}`);
    expect(JSON.parse(answer)).toEqual({ hello: 'world' });
  }
  const python = await shell(`${setup}\n${block(sgpu, 'export FAL_RUN_HOST')}`, {
    PYTHONPATH: await installedPackages(),
  });
  expect(python).toBe("{'hello': 'world'}");
  // Beside the bundle, from where the client is found as in a project that has it installed.
  const file = join(dirname(sgpuProgram()), 'pasted.mjs');
  writeFileSync(file, block(sgpu, "import { fal } from '@fal-ai/client'"));
  expect(await shell(`${setup}\n'${process.execPath}' '${file}'`)).toBe("{ hello: 'world' }");
}

test('without a key on this machine', async () => {
  const { sgpu, setup } = await serve([]);
  expect(setup).toBe('');
  await expectPastable(sgpu, setup);
  await sgpu.stop();
});

test('with the key that is printed once, and after the next start, which prints none', async () => {
  const { sgpu, setup } = await serve(['--auth', 'private']);
  expect(setup).toMatch(/export FAL_KEY=\S+/);
  await expectPastable(sgpu, setup);
  await sgpu.stop();
  const { sgpu: next, setup: none } = await serve(['--auth', 'private']);
  expect(none).toBe('');
  await expectPastable(next, setup);
  await next.stop();
});
