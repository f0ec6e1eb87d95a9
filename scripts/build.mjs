// Bundles the command line into assets/sgpu/sgpu.mjs, or into the file given, which must lie as deep in the package.
// libsql stays outside the bundle: it is a native module.
import { build } from 'esbuild';
import { chmod } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = resolve(process.argv[2] ?? join(root, 'assets', 'sgpu', 'sgpu.mjs'));

await build({
  entryPoints: [join(root, 'bin', 'sgpu.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  external: ['libsql'],
  sourcemap: 'linked',
  logLevel: 'warning',
  banner: {
    // Bundled CommonJS packages call require().
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});
await chmod(outfile, 0o755);
