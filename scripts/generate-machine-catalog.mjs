/**
 * Writes runtime/domain/machine-catalog.data.ts from data/gpu-instances.csv: `node scripts/generate-machine-catalog.mjs`.
 * With `--print` it writes to standard output instead, which is how a test sees that the file is up to date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const SOURCE = fileURLToPath(new URL('../data/gpu-instances.csv', import.meta.url));
const TARGET = fileURLToPath(new URL('../runtime/domain/machine-catalog.data.ts', import.meta.url));

const [names, ...rows] = (await readFile(SOURCE, 'utf8')).trimEnd().split(/\r?\n/).map(cellsOf);
const instances = rows
  .map((cells) => Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ''])))
  .filter(hasWholeGpus)
  .map(instanceOf);
const text = await format(moduleOf(instances), { ...(await resolveConfig(TARGET)), filepath: TARGET });

if (process.argv.includes('--print')) process.stdout.write(text);
else await writeFile(TARGET, text);

/** The cells of a line; a cell in double quotes may hold commas. */
function cellsOf(line) {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain);
}

/** Shares of a GPU (g6f, gr6f) need settings of their own on ECS and belong to no machine type. */
function hasWholeGpus(row) {
  return Number.isInteger(Number(row.gpus));
}

function instanceOf(row) {
  const price = row.ondemand_usd_hr_us_east_1;
  return {
    name: row.instance_type,
    ...(row.gpu_model === '' ? {} : { gpuModel: row.gpu_model }),
    gpus: Number(row.gpus),
    gpuMemoryMib: Number(row.gpu_mem_mib_each),
    vcpus: Number(row.vcpu),
    memoryMib: Number(row.memory_mib),
    instanceStoreGb: Number(row.instance_store_gb_total),
    architecture: row.note.includes('arm64') ? 'arm64' : 'x86_64',
    ...(price === '' ? {} : { usdPerHour: Number(price) }),
    capacityBlocks: row.capacity_block_offered === 'yes',
    onDemandQuota: row.on_demand_quota_code,
    spotQuota: row.spot_quota_code,
  };
}

function moduleOf(list) {
  return `// Generated from data/gpu-instances.csv by scripts/generate-machine-catalog.mjs; do not edit.
import type { InstanceType } from './machine-catalog';

export const INSTANCE_TYPES: readonly InstanceType[] = ${JSON.stringify(list)};
`;
}
