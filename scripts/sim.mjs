// Runs the simulator: bundles sim/main.ts into memory and hands it the command line.
import { build } from 'esbuild';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The exports of a TypeScript file of this package. */
export async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [join(root, file)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const folder = await mkdtemp(join(tmpdir(), 'sgpu-sim-'));
  try {
    const module = join(folder, 'sim.mjs');
    await writeFile(module, outputFiles[0].contents);
    return await import(pathToFileURL(module).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) (await bundled('sim/main.ts')).main();
