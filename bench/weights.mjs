// `node bench/weights.mjs [folder]`: reading weights through the cache of a machine, beside reading them from their volume.
// Prints a table. The folder (default: a temporary one) stands for volume and disk, and is emptied in the end.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.mjs';

const FILES = 4;
const FILE_MIB = 256;
const ROUNDS = 3;

const reader = join(dirname(fileURLToPath(import.meta.url)), 'weights_reader.py');
const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'sgpu-weights-bench-'));
const volume = join(folder, 'volume');
const disk = join(folder, 'disk');

try {
  await writeWeights();
  const times = { volume: [], first: [], next: [] };
  for (let round = 0; round < ROUNDS; round++) {
    await rm(disk, { recursive: true, force: true });
    times.volume.push(seconds(volume));
    times.first.push(seconds(volume, disk));
    times.next.push(seconds(volume, disk));
  }
  console.log(`${FILES} files of ${FILE_MIB} MiB, medians of ${ROUNDS} rounds, on ${await describeMachine()}\n`);
  console.log('| a start reads | s | MiB/s | bytes from the volume |\n|---|---|---|---|');
  row('from the volume', times.volume, 1);
  row('through the cache, first on its machine', times.first, 1);
  row('through the cache, any later one', times.next, 0);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function writeWeights() {
  await mkdir(volume, { recursive: true });
  const block = Buffer.alloc(16 << 20);
  for (let file = 0; file < FILES; file++) {
    const handle = await open(join(volume, `model-${file}.safetensors`), 'w');
    for (let written = 0; written < FILE_MIB << 20; written += block.length) await handle.write(randomFillSync(block));
    await handle.sync();
    await handle.close();
  }
}

/** A start is a process of its own. */
function seconds(...folders) {
  const { stdout, stderr, status } = spawnSync('python3', [reader, ...folders], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const [size, time] = stdout.trim().split(' ').map(Number);
  if (size !== FILES * FILE_MIB * 2 ** 20) throw new Error(`${size} bytes were read`);
  return time;
}

function row(name, times, share) {
  const median = [...times].sort((a, b) => a - b)[times.length >> 1];
  const mib = FILES * FILE_MIB;
  console.log(`| ${name} | ${median.toFixed(2)} | ${Math.round(mib / median)} | ${share * mib} MiB |`);
}
