// `npm test`: everything that must hold, one step after the other; the first failure ends it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = process.execPath;
const bin = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  ['types', bin('tsc'), ['--noEmit']],
  ['lint', bin('eslint'), ['.']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['Python', node, [join(root, 'scripts', 'test-python.mjs')]],
  // In processes of their own, renewed when they have grown: what a file leaves open ends with its process.
  ['TypeScript', bin('jest'), ['--ci', '--maxWorkers=2', '--workerIdleMemoryLimit=1500MB', '--forceExit']],
  ['package', bin('jest'), ['--ci', '--testMatch', '**/test/package/*.package.ts', '--runInBand', '--forceExit']],
];

for (const [name, command, args] of steps) {
  console.log(`\n— ${name}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined || status !== 0) {
    console.error(`\n${name} failed${error ? `: ${error.message}` : ''}`);
    process.exit(status || 1);
  }
}
