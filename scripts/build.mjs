// Bundles what the package ships prebuilt into assets/. With a file as its argument it bundles the command line alone,
// into that file, which must lie as deep in the package.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assets = join(root, 'assets');

// Bundled CommonJS packages call require().
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);";

const common = { bundle: true, platform: 'node', sourcemap: 'linked', logLevel: 'warning' };

if (process.argv[2] !== undefined) {
  await commandLine(resolve(process.argv[2]));
} else {
  await commandLine(join(assets, 'sgpu', 'sgpu.mjs'));
  await sourceReader();
  await constructs();
  for (const name of ['gateway', 'controller', 'lifecycle']) await handler(name);
}

/** libsql stays outside the bundle: it is a native module. */
async function commandLine(outfile) {
  await build({
    ...common,
    entryPoints: [join(root, 'bin', 'sgpu.ts')],
    outfile,
    target: 'node20.19',
    format: 'esm',
    external: ['libsql'],
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
  });
  await chmod(outfile, 0o755);
}

/** Reads Python for the constructs, which have no dependencies but those of the CDK. */
async function sourceReader() {
  await build({
    ...common,
    entryPoints: [join(root, 'runtime', 'source', 'index.ts')],
    outfile: join(assets, 'source', 'index.js'),
    target: 'node20.19',
    format: 'cjs',
  });
}

/** The app of cdk.json. */
async function constructs() {
  await build({
    ...common,
    entryPoints: [join(root, 'bin', 'app.ts')],
    outfile: join(assets, 'cdk-app', 'app.js'),
    target: 'node20.19',
    format: 'cjs',
    external: ['aws-cdk-lib', 'constructs'],
  });
}

/** A Lambda function. */
async function handler(name) {
  const entry = join(root, 'lambda', `${name}.ts`);
  if (!existsSync(entry)) return;
  await build({
    ...common,
    entryPoints: [entry],
    outfile: join(assets, 'lambda', name, 'index.mjs'),
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: false,
    banner: { js: REQUIRE },
  });
}
