/** What is published: compiled, packed, documented, and used from Python. Takes minutes; `npm run test:package`. */
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { CONTEXT, EXAMPLES, examplesWith, synthesised, templatesOf, type Template } from '../examples/synthesised';
import { pythonPackages } from '../support/python-packages';
import { breakingChanges, type Assembly } from './api-compatibility';
import { compiledPackage, installedWheel, ROOT, run, tool } from './published-package';

jest.setTimeout(900_000);

let compiled: string;

beforeAll(async () => {
  compiled = await compiledPackage();
});

async function jsonIn<T>(...path: readonly string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as T;
}

describe('what is packed for npm', () => {
  let files: readonly string[];

  beforeAll(async () => {
    const [packed] = JSON.parse(await run(compiled, 'npm', 'pack', '--dry-run', '--json')) as [
      { readonly files: readonly { readonly path: string }[] },
    ];
    files = packed.files.map(({ path }) => path);
  });

  test.each([
    ['.jsii', 'lib/index.js', 'lib/index.d.ts', 'README.md', 'API.md', 'LICENSE'],
    ['assets/lambda/gateway/index.mjs', 'assets/lambda/controller/index.mjs', 'assets/lambda/lifecycle/index.mjs'],
    ['assets/agent/index.mjs', 'assets/agent/Dockerfile', 'assets/images/gateway/Dockerfile', 'assets/source/index.js'],
    ['assets/sgpu/sgpu.mjs', 'runner-image/python/serve.py', 'runner-image/python/requirements.txt'],
    ['assets/playground/playground.html', 'assets/lambda/gateway/playground.html'],
    ['testing/index.js', 'testing/index.d.ts', 'testing/python/sgpu_testing/__init__.py'],
  ])('has %s and what is beside it', (...wanted) => {
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
  });

  test('has no tests, no sources of TypeScript and no maps', () => {
    const stray = files.filter((file) => /(^|\/)tests?\/|\.test\.|\.map$|\.tsx?$|tsconfig|__pycache__/.test(file));
    expect(stray.filter((file) => !file.endsWith('.d.ts'))).toEqual([]);
  });

  test('needs nothing at run time but the CDK of the project that uses it', async () => {
    const manifest = await jsonIn<Readonly<Record<string, unknown>>>(compiled, 'package.json');
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest.peerDependencies).toEqual({ 'aws-cdk-lib': '^2.275.0', constructs: '^10.5.0' });
    expect(manifest).toMatchObject({ main: 'lib/index.js', types: 'lib/index.d.ts' });
  });

  test('synthesises an app in a project that has the CDK alone', async () => {
    const project = await mkdtemp(join(tmpdir(), 'project-'));
    const installed = join(project, 'node_modules', 'cdk-serverless-gpu');
    await mkdir(join(project, 'node_modules'));
    for (const name of ['aws-cdk-lib', 'constructs']) {
      await symlink(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
    }
    for (const file of files) await cp(join(compiled, file), join(installed, file));
    await writeFile(
      join(project, 'app.js'),
      `const { App, Stack } = require('aws-cdk-lib');
       const { AppSource, ServerlessGpuApp } = require('cdk-serverless-gpu');
       const app = new App({ outdir: 'cdk.out' });
       new ServerlessGpuApp(new Stack(app, 'Gpu'), 'Ocr', { source: AppSource.falApp(process.argv[2]) });
       app.synth();`,
    );
    // Without a PATH, nothing can be called: no Docker, no esbuild.
    const script = 'process.env.PATH = ""; require("./app.js")';
    await run(project, process.execPath, '-e', script, '--', '', join(EXAMPLES, 'ocr', 'app.py'));
    const { Resources } = await jsonIn<{ readonly Resources: object }>(project, 'cdk.out', 'Gpu.template.json');
    expect(Object.keys(Resources).length).toBeGreaterThan(30);
  });
});

test('API.md is what the code says: `npm run api` writes it', async () => {
  await run(compiled, tool('jsii-docgen'), '--output', 'GENERATED.md');
  const generated = await readFile(join(compiled, 'GENERATED.md'), 'utf8');
  expect(await readFile(join(ROOT, 'API.md'), 'utf8')).toBe(generated);
});

test('nothing that is published breaks what used the last release', async () => {
  const assembly = await jsonIn<Assembly>(compiled, '.jsii');
  const released = await jsonIn<Assembly>(__dirname, 'released-api.json');
  expect(Object.keys(released.types ?? {}).length).toBeGreaterThan(10);
  expect(breakingChanges(released, assembly)).toEqual([]);
});

test('examples in the documentation compile', async () => {
  await run(compiled, tool('jsii-rosetta'), 'extract', '--strict', '--compile', '--directory', '.', '.');
  const tablet = await jsonIn<{ readonly snippets: object }>(compiled, '.jsii.tabl.json');
  expect(Object.keys(tablet.snippets).length).toBeGreaterThan(2);
});

describe('from Python', () => {
  let pythonPath: string;

  beforeAll(async () => {
    const cdk = await pythonPackages('aws-cdk-lib==2.275.0', 'constructs==10.8.1', 'jsii==1.142.0');
    pythonPath = [await installedWheel(compiled), cdk].join(':');
  });

  test.each(examplesWith('cdk_app.py'))('examples/%s becomes what it becomes from TypeScript', async (topic) => {
    const outdir = await mkdtemp(join(tmpdir(), `python-${topic}-`));
    const environment = {
      PYTHONPATH: pythonPath,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify(CONTEXT),
      // Packages are kept unpacked by their content.
      JSII_RUNTIME_PACKAGE_CACHE_ROOT: join(ROOT, 'node_modules', '.cache', 'sgpu-test', 'jsii'),
    };
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    await run(ROOT, 'env', ...set, 'python3', join(EXAMPLES, topic, 'cdk_app.py'));
    const { templates } = templatesOf(new CloudAssembly(outdir));
    expect(withoutHashes(templates)).toEqual(withoutHashes((await synthesised(topic)).templates));
  });
});

/** What differs from build to build is out: hashes of assets. */
function withoutHashes(templates: Readonly<Record<string, Template>>): unknown {
  return JSON.parse(JSON.stringify(Object.values(templates)).replaceAll(/[0-9a-f]{64}/g, '<hash>'));
}
