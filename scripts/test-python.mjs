// The Python half of `npm test`: lint, types and tests, in a cached environment that has the test tools, with fal's
// closure apart from it, as apps are served. It uses no network once the environment is made.
import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, 'node_modules', '.cache', 'sgpu-test');
const sources = ['runner-image/python', 'testing/python', 'test/conftest.py', 'test/python', 'test/mission'];
/** Written as users write them, against a fal package that is only partly typed. */
const apps = ['test/end-to-end/apps', 'test/conformance/apps', 'examples'];

const { python, closure } = await prepare();
const env = { ...process.env, SGPU_FAL_CLOSURE: closure };
const only = process.argv.slice(2);

if (only.length === 0) {
  run('ruff', 'check', '--no-cache', ...sources, ...apps);
  run('ruff', 'format', '--no-cache', '--check', ...sources, ...apps);
  run('mypy', '--cache-dir', join(cache, 'mypy'), '--python-executable', pythonWithClosure(), ...sources);
}
run('pytest', '--quiet', '--numprocesses', '2', '--dist', 'loadfile', ...only);

async function prepare() {
  const bundle = await build({
    entryPoints: [join(root, 'runtime', 'local', 'python-environments.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const { PythonEnvironments } = await import(
    `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`
  );
  const environments = new PythonEnvironments({
    // Where the end-to-end tests have theirs: fal is installed once.
    cacheDirectory: join(cache, 'environments'),
    closureRequirements: join(root, 'runner-image', 'python', 'requirements.txt'),
    report: (line) => console.log(line),
  });
  return environments.prepare([['-r test/python/requirements.txt']], { directory: root }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}

/** mypy asks this program where libraries are. */
function pythonWithClosure() {
  const path = `${closure}.python`;
  const unique = `${path}.${process.pid}`;
  writeFileSync(unique, `#!/bin/sh\nPYTHONPATH='${closure}' exec '${python}' "$@"\n`, { mode: 0o755 });
  renameSync(unique, path);
  return path;
}

function run(tool, ...args) {
  const { status, error } = spawnSync(python, ['-m', tool, ...args], { cwd: root, env, stdio: 'inherit' });
  if (error !== undefined || status !== 0) process.exit(status || 1);
}
