// `npm test`: everything that must hold, one step after the other; the first failure ends it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = process.execPath;
const bin = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  ['types', bin('tsc'), ['--noEmit']],
  ['types of the playground', bin('tsc'), ['--project', 'playground']],
  ['lint', bin('eslint'), ['.']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['Python', node, [join(root, 'scripts', 'test-python.mjs')]],
  // In processes of their own, renewed when they have grown: what a file leaves open ends with its process.
  ['TypeScript', bin('jest'), ['--ci', '--maxWorkers=2', '--workerIdleMemoryLimit=1500MB', '--forceExit']],
  ['package', bin('jest'), ['--ci', '--testMatch', '**/test/package/*.package.ts', '--runInBand', '--forceExit']],
];

// What the steps and their programs leave in temporary folders (the CDK does) is gone with this one.
const temporary = mkdtempSync(join(tmpdir(), 'sgpu-'));
process.on('exit', removeTemporary);
const env = { ...process.env, TMPDIR: temporary };

/** Whatever hangs, the step ends and is named. The longest takes about ten minutes on two cores. */
const LIMIT_MS = 40 * 60_000;

for (const [name, command, args] of steps) {
  console.log(`\n— ${name}`);
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', timeout: LIMIT_MS });
  if (error !== undefined || status !== 0) {
    console.error(`\n${name} failed${error ? `: ${error.message}` : ''}`);
    process.exit(status || 1);
  }
}

function removeTemporary() {
  try {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // A program on its way out wrote there once more: that is no failure of what was tested.
  }
}
