// Bundles what the package ships prebuilt into assets/. With a file as its argument it bundles the command line alone,
// into that file, which must lie as deep in the package. With a handler (`lambda/gateway.ts`) and a file it bundles that one.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assets = join(root, 'assets');

// Bundled CommonJS packages call require().
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);";

// The constructs find the package's files from their own place, two folders deep, as the command line's is.
const PLACE = [
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __directoryOf } from 'node:path';",
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __directoryOf(__filename);',
].join('\n');

const TRACED = [join('lambda', 'gateway.ts'), join('lambda', 'controller.ts')];

const common = { bundle: true, platform: 'node', sourcemap: 'linked', logLevel: 'warning' };

const [first, second] = process.argv.slice(2);
if (second !== undefined) {
  await program(join(root, first), resolve(second));
} else if (first !== undefined) {
  await commandLine(resolve(first));
} else {
  await commandLine(join(assets, 'sgpu', 'sgpu.mjs'));
  await sourceReader();
  await constructs();
  for (const name of ['gateway', 'controller', 'lifecycle']) await handler(name);
  await agent();
  await gatewayImage();
  await playground();
}

/**
 * Split, so that a command loads what it needs and no more. Outside the bundle stay libsql, a native module, and the CDK,
 * which reads files of its packages.
 */
async function commandLine(outfile) {
  await build({
    ...common,
    entryPoints: [{ in: join(root, 'bin', 'sgpu.ts'), out: basename(outfile, '.mjs') }],
    outdir: dirname(outfile),
    outExtension: { '.js': '.mjs' },
    splitting: true,
    target: 'node20.19',
    format: 'esm',
    external: ['libsql', 'aws-cdk-lib', 'constructs', '@aws-cdk/toolkit-lib'],
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}\n${PLACE}` },
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
  if (existsSync(entry)) await program(entry, join(assets, 'lambda', name, 'index.mjs'));
}

/** Beside a function that may be traced lies what traces it, as a bundle of its own that is loaded only then. */
async function program(entry, outfile) {
  await bundleWithSdk(entry, outfile);
  if (!TRACED.includes(relative(root, entry))) return;
  await bundleWithSdk(join(root, 'lambda', 'tracing.ts'), join(dirname(outfile), 'tracing.mjs'));
}

/** The build context of the gateway's image. */
async function gatewayImage() {
  const folder = join(assets, 'images', 'gateway');
  await bundleWithSdk(join(root, 'lambda', 'container.ts'), join(folder, 'index.mjs'));
  await copyFile(join(root, 'runner-image', 'gateway', 'Dockerfile'), join(folder, 'Dockerfile'));
}

/** The AWS SDK and its like are taken as ES modules: what is not used of them falls away, a third of the whole. */
async function bundleWithSdk(entry, outfile) {
  await build({
    ...common,
    entryPoints: [entry],
    outfile,
    mainFields: ['module', 'main'],
    target: 'node24',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    sourcemap: false,
    banner: { js: REQUIRE },
  });
}

/** The build context of the agent's image. */
async function agent() {
  const folder = join(assets, 'agent');
  await bundleWithSdk(join(root, 'runner-image', 'agent', 'main.ts'), join(folder, 'index.mjs'));
  await copyFile(join(root, 'runner-image', 'agent', 'Dockerfile'), join(folder, 'Dockerfile'));
}

/** One page, which needs no other file. Its policy admits its own script and style by their hashes, and no other. */
async function playground() {
  const folder = join(root, 'playground');
  const script = await minified(join(folder, 'main.ts'));
  const style = await minified(join(folder, 'page.css'));
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    // Uploads go to where the platform says, answers name files anywhere.
    "connect-src 'self' https:",
    'img-src http: https: data:',
    'media-src http: https: data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    <style>${style}</style>\n  </head>`;
  const page = (await readFile(join(folder, 'index.html'), 'utf8'))
    .replace('</head>', () => head)
    .replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`);
  for (const place of ['playground', join('lambda', 'gateway'), join('images', 'gateway')]) {
    await mkdir(join(assets, place), { recursive: true });
    await writeFile(join(assets, place, 'playground.html'), page);
  }
}

async function minified(entry) {
  const options = { ...common, platform: 'browser', sourcemap: false, minify: true, target: 'es2022', format: 'esm' };
  const { outputFiles } = await build({ ...options, entryPoints: [entry], write: false });
  return outputFiles[0].text.trim();
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
