/** `sgpu_runner.testing`: what an app's own tests start it with. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endAllSgpu, Sgpu, sgpuProgram } from './sgpu-program';
import { TestFolder } from './test-folder';

const ROOT = join(__dirname, '..', '..');
const STUDIO = join(__dirname, 'apps', 'studio.py');

const folder = new TestFolder();
afterAll(async () => {
  await endAllSgpu();
  folder.remove();
});

/** Where `sgpu run` has installed fal for its apps; once it has served one. */
function falClosure(): string {
  const environments = join(ROOT, 'node_modules', '.cache', 'sgpu-test', 'environments');
  const built = readdirSync(environments).find((name) => /^closure-[0-9a-f]+-[0-9a-f]+$/.test(name));
  if (built === undefined) throw new Error('fal is not installed yet');
  return join(environments, built);
}

async function installFal(): Promise<void> {
  const sgpu = await Sgpu.serve([`${STUDIO}::Studio`], { folder: folder.path });
  await fetch(`${sgpu.url}/run/local/studio`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a cat' }),
  });
  await sgpu.stop();
}

async function python(program: string): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    SGPU_CACHE: join(ROOT, 'node_modules', '.cache', 'sgpu-test'),
    PYTHONPATH: [join(ROOT, 'runner-image', 'python'), join(__dirname, 'apps'), falClosure()].join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const { stdout } = await promisify(execFile)('python3', ['-c', program], { env, cwd: folder.path });
  return stdout.trim();
}

beforeAll(installFal);

test("an app is served for a block of a test, and called by fal's own client", async () => {
  const output = await python(`
from pathlib import Path
from sgpu_runner.testing import serving
from studio import Studio
with serving(Studio, program=Path(${JSON.stringify(sgpuProgram())})) as studio:
    print(studio.paint({'prompt': 'a cat'}), studio.predict({'prompt': 'a dog'}))
`);
  expect(output).toBe("{'painted': 'a cat'} {'predicted': 'a dog'}");
});

test('a platform that does not start says why', async () => {
  const output = await python(`
from pathlib import Path
from sgpu_runner.testing import PlatformDidNotStartError, serving
from studio import Studio
try:
    with serving(Studio, '--no-such-option', program=Path(${JSON.stringify(sgpuProgram())})):
        pass
except PlatformDidNotStartError as error:
    print(error)
`);
  expect(output).toContain("unknown option '--no-such-option'");
});
