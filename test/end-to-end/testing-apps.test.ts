/** `cdk-serverless-gpu/testing` and `sgpu_testing`: what users' own tests start apps with. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApp, type StartedApp } from 'cdk-serverless-gpu/testing';
import { eventually } from '../contract/eventually';
import { pythonPackages } from '../support/python-packages';
import { sgpuProgram, endAllSgpu } from './sgpu-program';
import { TestFolder } from './test-folder';

// The first time, environments are made.
jest.setTimeout(300_000);

const ROOT = join(__dirname, '..', '..');
const APPS = join(__dirname, 'apps');
const STUDIO = `${join(APPS, 'studio.py')}::Studio`;
const CACHE = join(ROOT, 'node_modules', '.cache', 'sgpu-test');

const folder = new TestFolder();
let studio: StartedApp;

beforeAll(async () => {
  studio = await startApp(STUDIO, started());
});
afterAll(async () => {
  await studio.stop();
  await endAllSgpu();
  folder.remove();
});

function started(...args: readonly string[]): NonNullable<Parameters<typeof startApp>[1]> {
  return { args, program: sgpuProgram(), env: { SGPU_CACHE: CACHE } };
}

describe('startApp', () => {
  test("an app is started for tests and called by fal's own client, which is ready", async () => {
    const { data } = await studio.fal.subscribe(studio.appId, { input: { prompt: 'a cat' } });
    expect(data).toEqual({ painted: 'a cat' });
    expect(studio.output).toContain('painting a cat');
  });

  test('a server is started by its command, on a free port that it is told, and leaves nothing behind', async () => {
    const others = stateFolders();
    const printed: string[] = [];
    const server = await startApp(
      { command: 'exec python3 -m http.server --bind 127.0.0.1 $PORT', name: 'files' },
      { ...started('--keep-alive', '60'), cwd: APPS, onOutput: (text) => printed.push(text) },
    );
    const answer = await fetch(`${server.url}/run/${server.appId}/studio.py`);
    expect(await answer.text()).toContain('class Studio');
    const [state = ''] = stateFolders().filter((one) => !others.includes(one));
    expect(existsSync(state)).toBe(true);

    await server.stop();
    await server.stop();
    expect(printed.join('')).toBe(server.output);
    expect(existsSync(state)).toBe(false);
    expect(stateFolders()).toEqual(others);
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  test('an app that does not start says why', async () => {
    await expect(startApp('no-such-app.py', started())).rejects.toThrow(
      /^The platform ended\. It printed:\n.*There is no file no-such-app\.py/,
    );
  });
});

/** Of the platforms that this file has running. */
function stateFolders(): readonly string[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  const ours = lines.filter((line) => line.includes(sgpuProgram()));
  return ours.flatMap((line) => /--state (\S+)/.exec(line)?.slice(1) ?? []).sort();
}

describe('from Python', () => {
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const tools = await pythonPackages('pytest==9.2.0', 'fal-client==1.0.3');
    // The first request to an app has fal installed, which tests of users have beside their apps.
    await studio.fal.run(studio.appId, { input: { prompt: 'a dog' } });
    environment = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: folder.path,
      SGPU_CACHE: CACHE,
      PYTHONPATH: [tools, falClosure(), APPS].join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
    };
  });

  function falClosure(): string {
    const environments = join(CACHE, 'environments');
    const built = readdirSync(environments).find((name) => /^closure-[0-9a-f]+-[0-9a-f]+$/.test(name));
    if (built === undefined) throw new Error('fal is not installed yet');
    return join(environments, built);
  }

  /** A project as users have it, and the end of its tests. */
  async function pytest(tests: string): Promise<string> {
    folder.write(
      'pytest.ini',
      `[pytest]\npythonpath = ${join(ROOT, 'testing', 'python')}\nsgpu_program = ${sgpuProgram()}\n`,
    );
    folder.write('conftest.py', 'pytest_plugins = ["sgpu_testing.pytest_plugin"]\n');
    folder.write('test_studio.py', tests);
    const run = promisify(execFile)('python3', ['-m', 'pytest', '-p', 'no:cacheprovider'], {
      env: environment,
      cwd: folder.path,
    });
    return run.then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { readonly stdout: string }).stdout,
    );
  }

  test("an app is served for a block of a test, and called by fal's own client", async () => {
    const report = await pytest(`
from pathlib import Path
import fal_client
import pytest
from sgpu_testing import PlatformDidNotStartError, fal_client_calls, serving
from studio import Studio

urls = set()

def test_by_the_app_client(serve_app):
    studio = serve_app(Studio)
    urls.add(studio.url)
    assert studio.predict({'prompt': 'a cat'}) == {'predicted': 'a cat'}

def test_by_fal_client(serve_app):
    studio = serve_app(Studio)
    urls.add(studio.url)
    with fal_client_calls(studio):
        file = fal_client.upload(b'a dog', 'text/plain')
        assert fal_client.run(studio.application, {'file': file}, path='/read') == {'content': 'a dog'}
        assert fal_client.subscribe(studio.application, {'prompt': 'a dog'}) == {'painted': 'a dog'}
    assert len(urls) == 1

def test_that_fails(serve_app):
    assert serve_app(Studio).paint({'prompt': 'a bird'}) == {}

def test_a_platform_that_does_not_start_says_why():
    with pytest.raises(PlatformDidNotStartError, match="unknown option '--no-such-option'"):
        with serving(Studio, '--no-such-option', program=Path(${JSON.stringify(sgpuProgram())})):
            pass
`);
    expect(report).toContain('1 failed, 3 passed');
    const [, , ofTheFailure = ''] = report.split(/-+ Printed by the platform of (.+) -+/);
    expect(ofTheFailure).toContain('painting a bird');
    expect(ofTheFailure).not.toContain('painting a dog');
  });

  test('a platform ends with the process of its tests, however that ends', async () => {
    const others = stateFolders();
    const program = `
import os, signal
from pathlib import Path
from sgpu_testing import platform
with platform(${JSON.stringify(STUDIO)}, program=Path(${JSON.stringify(sgpuProgram())})):
    os.kill(os.getpid(), signal.SIGKILL)`;
    const env = { ...environment, PYTHONPATH: `${environment.PYTHONPATH}:${join(ROOT, 'testing', 'python')}` };
    await expect(promisify(execFile)('python3', ['-c', program], { env })).rejects.toMatchObject({ signal: 'SIGKILL' });
    await eventually(async () => {
      expect(stateFolders()).toEqual(others);
    });
  });
});
