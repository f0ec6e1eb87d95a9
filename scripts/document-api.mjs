// Writes API.md from the code: `npm run api`. With `--release` it also notes the API as that of a release, which later
// changes are held against.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'api-'));
try {
  run(root, process.execPath, join(root, 'scripts', 'build-jsii.mjs'), folder);
  run(folder, join(root, 'node_modules', '.bin', 'jsii-docgen'), '--output', join(root, 'API.md'));
  if (process.argv.includes('--release')) {
    const { types } = JSON.parse(readFileSync(join(folder, '.jsii'), 'utf8'));
    const api = { types: Object.fromEntries(Object.entries(types).map(([name, type]) => [name, withoutDocs(type)])) };
    writeFileSync(join(root, 'test', 'package', 'released-api.json'), `${JSON.stringify(api)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** What `test/package/api-compatibility.ts` looks at. */
function withoutDocs({ kind, datatype, members, properties, methods, initializer }) {
  const value = ({ name, type, optional }) => ({ name, type, optional });
  const call = ({ name, parameters, returns }) => ({
    name,
    parameters: parameters?.map(value),
    returns: returns && { type: returns.type, optional: returns.optional },
  });
  return {
    kind,
    datatype,
    members: members?.map(({ name }) => ({ name })),
    properties: properties?.map(value),
    methods: methods?.map(call),
    initializer: initializer && call(initializer),
  };
}

function run(cwd, program, ...parameters) {
  const env = { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' };
  const { status } = spawnSync(program, parameters, { cwd, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${program} failed`);
}
