// `npm run bench`: the platform beside its peers. See bench/README.md.
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { describeMachine } from '../bench/machine.mjs';
import { bentoml } from '../bench/peers/bentoml.mjs';
import { bullmq, bullmqOnDisk, bullmqService } from '../bench/peers/bullmq.mjs';
import { celery, celeryOnDisk } from '../bench/peers/celery.mjs';
import { falServe } from '../bench/peers/fal-serve.mjs';
import { litserve } from '../bench/peers/litserve.mjs';
import { rayServe } from '../bench/peers/ray-serve.mjs';
import { bareServer, falApp } from '../bench/platform.mjs';
import { report } from '../bench/report.mjs';
import { runRounds } from '../bench/rounds.mjs';

const PEERS = [falServe, bentoml, litserve, rayServe, celery, celeryOnDisk, bullmq, bullmqOnDisk, bullmqService];

const FULL = { rounds: 5, warmUpMs: 4_000, durationMs: 4_000 };
const QUICK = { rounds: 1, warmUpMs: 2_000, durationMs: 1_500 };

/** Whatever hangs, the bench ends. */
const LIMIT_MS = 90 * 60_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    peers: { type: 'string', default: '' },
  },
});

setTimeout(() => {
  console.error('The bench takes too long and is broken off');
  process.exit(1);
}, LIMIT_MS).unref();

build();
const mode = options.quick ? QUICK : FULL;
const rounds = options.rounds === undefined ? mode.rounds : Number(options.rounds);
const machine = await describeMachine();
const named = new RegExp(options.peers, 'i');
const contenders = [bareServer, falApp, ...PEERS.filter(({ name }) => named.test(name))];
const results = await runRounds(contenders, { ...mode, rounds, report: (line) => console.log(line) });
const text = report({ machine, command: commandLine(), rounds, results });
console.log(`\n${text}\n`);
if (options.write) await writeResults(text);
process.exit(0);

/** What is measured is the tree as it stands. */
function build() {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function commandLine() {
  const args = process.argv.slice(2).filter((arg) => arg !== '--write');
  return ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' ');
}

/** Puts the results between their marks in bench/README.md. */
async function writeResults(results) {
  const path = join(root, 'bench', 'README.md');
  const page = await readFile(path, 'utf8');
  const [begin, end] = ['<!-- results -->', '<!-- end of results -->'];
  const updated = `${page.slice(0, page.indexOf(begin) + begin.length)}\n\n${results}\n\n${page.slice(page.indexOf(end))}`;
  await writeFile(path, await format(updated, { ...(await resolveConfig(path)), filepath: path }));
}
