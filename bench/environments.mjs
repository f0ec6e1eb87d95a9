/** What peers need, installed once into a folder that git ignores: pinned packages, each set in an environment of its own. */
import { execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL('../node_modules/.cache/bench/', import.meta.url));

/** Installing may take this long, in ms. */
const INSTALL_LIMIT_MS = 600_000;

/** The folder with the programs of a Python environment that has these packages (`name==version`). */
export async function pythonEnvironment(packages) {
  const folder = await installed(packages, async (target) => {
    await run('python3', ['-m', 'venv', target], { timeout: INSTALL_LIMIT_MS });
    await run(join(target, 'bin', 'pip'), ['install', '--quiet', ...packages], { timeout: INSTALL_LIMIT_MS });
  });
  return join(folder, 'bin');
}

/** A `require` that finds these npm packages (`name@version`). */
export async function nodePackages(packages) {
  const folder = await installed(packages, async (target) => {
    await mkdir(target);
    await writeFile(join(target, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', ...packages], {
      cwd: target,
      timeout: INSTALL_LIMIT_MS,
    });
  });
  return createRequire(join(folder, 'package.json'));
}

async function installed(packages, install) {
  const folder = join(CACHE, packages.join('+').replace(/[^\w.+@=-]/g, '_'));
  const complete = join(folder, '.complete');
  if (await exists(complete)) return folder;
  console.log(`Installing ${packages.join(', ')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  try {
    await install(folder);
  } catch (error) {
    throw new Error(`it could not be installed: ${reason(error)}`, { cause: error });
  }
  await writeFile(complete, '');
  return folder;
}

/** The last line that an installer wrote about its failure. */
function reason({ stderr = '', message }) {
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? message;
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
