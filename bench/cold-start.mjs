// How long the bundles of the Lambda functions take to load in a process of their own, and how large they are:
//   npm run build && node bench/cold-start.mjs
// This is the part of a cold start that our code decides; Lambda adds its own, some 100-200 ms by common experience, and
// its processors are slower with less memory. Prints a table for the README.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROUNDS = 21;
const assets = join(dirname(fileURLToPath(import.meta.url)), '..', 'assets');
const run = promisify(execFile);

const BUNDLES = ['lambda/gateway', 'lambda/controller', 'lambda/lifecycle', 'images/gateway'];

// Loading the modules, then the first request: one without a key, refused before anything is looked up.
const PROGRAM = `
globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: { from: (stream) => stream },
};
const now = () => {
  const { user, system } = process.cpuUsage();
  return [performance.now(), (user + system) / 1000];
};
const began = now();
const { handler } = await import(process.argv[1]);
const loaded = now();
let answered = [NaN, NaN];
if (process.argv[1].includes('lambda/gateway')) {
  const { PassThrough } = await import('node:stream');
  const event = {
    version: '2.0', rawPath: '/rest/storage/auth/token', rawQueryString: '', headers: { host: 'localhost' },
    requestContext: { domainName: 'localhost', http: { method: 'POST' } }, body: '{}', isBase64Encoded: false,
  };
  const stream = new PassThrough().resume();
  await handler(event, stream, { getRemainingTimeInMillis: () => 900_000 });
  answered = now();
}
process.stdout.write('\\n' + JSON.stringify([
  loaded[0] - began[0], loaded[1] - began[1], answered[0] - loaded[0], answered[1] - loaded[1], process.memoryUsage().rss,
]) + '\\n');
process.exit(0);
`;

const ENVIRONMENT = {
  SGPU_PLATFORM: 'bench',
  SGPU_TABLE: 'bench',
  SGPU_BUCKET: 'bench',
  SGPU_CLUSTER: 'bench',
  SGPU_CONTROL_QUEUE_URL: 'http://127.0.0.1:9/000000000000/bench',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
};

async function measure(bundle) {
  const path = join(assets, bundle, 'index.mjs');
  const source = existsSync(path) ? await readFile(path) : Buffer.alloc(0);
  if (source.length < 10_000) return undefined;
  const size = { bytes: source.length, gzipped: gzipSync(source).length };
  if (bundle.startsWith('images/')) return { bundle, ...size };
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM, path], {
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...ENVIRONMENT },
    });
    rounds.push(JSON.parse(stdout.trim().split('\n').at(-1)));
  }
  const median = (index) => rounds.map((round) => round[index]).sort((a, b) => a - b)[ROUNDS >> 1] ?? undefined;
  return {
    ...{ bundle, ...size },
    load: { wall: median(0), cpu: median(1) },
    first: { wall: median(2), cpu: median(3) },
    rss: median(4),
  };
}

// A process that had no `handler` to call has no figure, which JSON writes as null.
const ms = (time) => (typeof time?.wall === 'number' ? `${time.wall.toFixed(0)} ms (${time.cpu.toFixed(0)} ms)` : '—');
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

console.log(`Node ${process.versions.node}, ${cpus()[0].model.trim()}, medians of ${ROUNDS} processes.\n`);
console.log('| bundle | size | gzipped | load (CPU) | first request (CPU) | memory |');
console.log('|---|---:|---:|---:|---:|---:|');
for (const bundle of BUNDLES) {
  const row = await measure(bundle);
  if (row === undefined) continue;
  const memory = row.rss === undefined ? '—' : `${Math.round(row.rss / 1024 ** 2)} MiB`;
  console.log(
    `| \`${bundle}\` | ${kib(row.bytes)} | ${kib(row.gzipped)} | ${ms(row.load)} | ${ms(row.first)} | ${memory} |`,
  );
}
