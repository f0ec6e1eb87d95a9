// Writes docs/cli.md from the commands. With --check it writes nothing and ends with 1 when the file is not current.
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as prettier from 'prettier';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const path = join(root, 'docs', 'cli.md');

const text = await reference();
const current = await prettier.format(text, { ...(await prettier.resolveConfig(path)), parser: 'markdown' });
if (!process.argv.includes('--check')) {
  writeFileSync(path, current);
} else if (readFileSync(path, 'utf8') !== current) {
  console.error('docs/cli.md is not what the commands say: run `node scripts/cli-docs.mjs`');
  process.exit(1);
}

/** The commands are TypeScript: they are bundled beside the packages that they import. */
async function reference() {
  mkdirSync(join(root, 'assets'), { recursive: true });
  const folder = mkdtempSync(join(root, 'assets', 'cli-docs-'));
  try {
    await build({
      stdin: {
        contents: `export { sgpuProgram } from './cli/program'; export { reference } from './cli/reference';`,
        resolveDir: root,
      },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'warning',
    });
    const { sgpuProgram, reference } = await import(pathToFileURL(join(folder, 'stdin.mjs')).href);
    return reference(sgpuProgram());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
