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
  'runtime/domain',
  'runtime/source',
  'runner-image/app',
  'runner-image/python',
  'assets/agent',
  'assets/lambda',
  'assets/sgpu',
  'assets/source',
  'LICENSE',
  'README.md',
];

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
symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'), 'dir');

const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'jsii', 'bin', 'jsii'),
    '--tsconfig',
    'tsconfig.jsii.json',
    '--validate-tsconfig',
    'off',
    '--silence-warnings',
    'reserved-word',
  ],
  { cwd: target, stdio: 'inherit', env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' } },
);
process.exit(status ?? 1);

/** What is published: no scripts, no dependencies but the CDK's as peers. */
function manifest() {
  const { name, version, description, keywords, license, engines, bin, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const peerDependencies = { 'aws-cdk-lib': `^${devDependencies['aws-cdk-lib']}`, constructs: '^10.5.0' };
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
    stability: 'experimental',
    peerDependencies,
    devDependencies: { 'aws-cdk-lib': devDependencies['aws-cdk-lib'], constructs: devDependencies.constructs },
    jsii: {
      outdir: 'dist',
      targets: { python: { distName: 'cdk-serverless-gpu', module: 'cdk_serverless_gpu' } },
      versionFormat: 'short',
    },
  };
}
