// `npm run test:aws`: the whole system on emulated AWS, on this machine. Parameters are Jest's: a file, or -t NAME.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tests = process.argv.slice(2);

console.log(`Deploys synthesised stacks to emulators on this machine, calls them with fal's clients, deletes them:
  emulated   DynamoDB, SQS, S3, SSM, Secrets Manager (moto); ECS, Auto Scaling (a stand-in that starts processes)
  as shipped functions, agents and the server of apps, from their bundles
  recorded   every AWS call, evaluated against the policies of its role in the template
Needs python3 with pip; no account, no container engine. The first run installs moto and fal under node_modules/.cache.
SHOW=FILE writes down what functions, agents and apps print.
`);

console.log('— installing and building');
const install = [join(root, 'scripts', 'install.mjs')];
const { status } = spawnSync(process.execPath, install, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status || 1);

const temporary = mkdtempSync(join(tmpdir(), 'sgpu-aws-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true, maxRetries: 3 }));

console.log('— testing');
const jest = spawn(
  join(root, 'node_modules', '.bin', 'jest'),
  ['--verbose', '--runInBand', '--forceExit', ...(tests.length === 0 ? ['test/aws'] : tests)],
  // A process group of its own: whatever a test that broke off has left ends with it.
  { cwd: root, env: { ...process.env, TMPDIR: temporary }, stdio: 'inherit', detached: true },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => endGroup(signal));
jest.on('exit', (code) => {
  const processes = endGroup('SIGKILL') ? 'some were left and were ended' : 'none was left';
  console.log(`— cleaned up: processes: ${processes}; temporary files: ${readdirSync(temporary).length} removed`);
  process.exit(code ?? 1);
});

/** False when the group has no process any more. */
function endGroup(signal) {
  try {
    return process.kill(-jest.pid, signal);
  } catch {
    return false;
  }
}
