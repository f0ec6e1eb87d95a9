// Compiles lib/ as a jsii module into dist/jsii/, the folder that is published to npm and from which the packages of
// other languages are made. It holds compiled code, prebuilt assets and what goes into images.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = resolve(process.argv[2] ?? join(root, 'dist', 'jsii'));

/** Sources that lib/ needs, and files that it reads or copies. */
const CONTENT = [
  'lib',
  'runtime/aws-layout.ts',
  'runtime/aws-messages.ts',
  'runtime/aws-metrics.ts',
  'runtime/domain',
  'runtime/source',
  'runner-image/app',
  'runner-image/python',
  'assets/agent',
  'assets/images',
  'assets/lambda',
  'assets/playground',
  'assets/source',
  'rosetta',
  'testing/ends-with-parent.mjs',
  'testing/python',
  'API.md',
  'LICENSE',
  'README.md',
];

/**
 * The oldest CDK that the constructs are tested with. PyPI has a release somewhat later than npm, and `pip` must find one
 * that will do.
 */
const OLDEST_CDK = '2.275.0';
const OLDEST_CONSTRUCTS = '10.5.0';

/** As jsii's own, with ES2023 and without checks of what is checked already. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023'],
    module: 'CommonJS',
    moduleResolution: 'node10',
    ignoreDeprecations: '6.0',
    types: ['node'],
    declaration: true,
    strict: true,
    alwaysStrict: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    skipLibCheck: true,
    stripInternal: true,
    inlineSources: true,
    inlineSourceMap: true,
    experimentalDecorators: true,
    noEmitOnError: true,
    rootDir: '.',
  },
  files: ['lib/index.ts'],
};

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const path of CONTENT) {
  cpSync(join(root, path), join(target, path), {
    recursive: true,
    filter: (file) => !/__pycache__|\.map$/.test(file),
  });
}
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest(), undefined, 2)}\n`);
writeFileSync(join(target, 'tsconfig.jsii.json'), `${JSON.stringify(TSCONFIG, undefined, 2)}\n`);
linkDependencies();
// Anew: the folder of this repository has pieces of earlier builds, too.
run(join(root, 'scripts', 'build.mjs'), join(target, 'assets', 'sgpu', 'sgpu.mjs'));
compileTesting();

run(
  join(root, 'node_modules', 'jsii', 'bin', 'jsii'),
  ...['--tsconfig', 'tsconfig.jsii.json', '--validate-tsconfig', 'off'],
  ...['--silence-warnings', 'reserved-word', '--silence-warnings', 'metadata/missing-dev-dependency'],
);

function run(...command) {
  const { status } = spawnSync(process.execPath, command, {
    cwd: target,
    stdio: 'inherit',
    env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' },
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** What users test their apps with is no part of the constructs: TypeScript's own compiler makes it, jsii never sees it. */
function compileTesting() {
  const { target: language, lib, module, moduleResolution, ignoreDeprecations } = TSCONFIG.compilerOptions;
  const settings = {
    compilerOptions: {
      ...{ target: language, lib, module, moduleResolution, ignoreDeprecations },
      ...{ strict: true, skipLibCheck: true, esModuleInterop: true, declaration: true, noEmitOnError: true },
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      rootDir: join(root, 'testing'),
      outDir: join(target, 'testing'),
    },
    files: [join(root, 'testing', 'index.ts')],
  };
  const file = join(target, 'tsconfig.testing.json');
  writeFileSync(file, JSON.stringify(settings));
  run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', file);
  rmSync(file);
}

/**
 * What the compiler finds: the CDK and this package under its own name, as in the project of a user; types of Node, and of
 * the Python parser, which is not imported by what is published but bundled in `assets/source`.
 */
function linkDependencies() {
  const modules = join(target, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs', '@types/node', '@lezer']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir');
  }
  symlinkSync(target, join(modules, manifest().name), 'dir');
}

/** What is published: no scripts, no dependencies but the CDK's as peers. */
function manifest() {
  const { name, version, description, keywords, license, engines, bin, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const peerDependencies = { 'aws-cdk-lib': `^${OLDEST_CDK}`, constructs: `^${OLDEST_CONSTRUCTS}` };
  return {
    name,
    version,
    description,
    keywords: ['aws', 'cdk', ...keywords.filter((word) => word !== 'aws' && word !== 'cdk')],
    license,
    author: { name: 'The cdk-serverless-gpu authors', organization: true },
    repository: { type: 'git', url: 'https://example.com/cdk-serverless-gpu.git' },
    engines,
    bin,
    main: 'lib/index.js',
    types: 'lib/index.d.ts',
    exports: {
      '.': { types: './lib/index.d.ts', default: './lib/index.js' },
      './testing': { types: './testing/index.d.ts', default: './testing/index.js' },
      './*': './*',
    },
    stability: 'experimental',
    files: [
      ...[
        '.jsii',
        'API.md',
        'lib/**/*.js',
        'lib/**/*.d.ts',
        'runtime/**/*.js',
        'runtime/**/*.json',
        'runtime/**/*.d.ts',
      ],
      ...['assets', 'runner-image', 'rosetta', 'testing', '!**/*.map'],
    ],
    peerDependencies,
    devDependencies: { 'aws-cdk-lib': devDependencies['aws-cdk-lib'], constructs: devDependencies.constructs },
    jsii: {
      outdir: 'dist',
      targets: { python: { distName: 'cdk-serverless-gpu', module: 'cdk_serverless_gpu' } },
      versionFormat: 'short',
    },
  };
}
