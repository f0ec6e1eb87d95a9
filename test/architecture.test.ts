/** The folder table of CONTRIBUTING.md as a test: imports only point the way it allows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { preProcessFile } from 'typescript';

const root = join(__dirname, '..');

/** Folder → folders of ours it may import beside itself, and packages it may use (`node:` stands for all of Node's). */
const TABLE: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>> = {
  'runtime/domain': { folders: [], packages: [] },
  'runtime/ports.ts': { folders: ['runtime/domain'], packages: [] },
  'runtime/aws-layout.ts': { folders: ['runtime/domain'], packages: [] },
  'runtime/aws-messages.ts': { folders: [], packages: [] },
  'runtime/aws-metrics.ts': { folders: [], packages: [] },
  'runtime/aws': {
    folders: ['runtime/domain', 'runtime/ports.ts', 'runtime/aws-layout.ts', 'runtime/aws-metrics.ts'],
    packages: ['@aws-lambda-powertools', '@aws-sdk', '@smithy', 'node:'],
  },
  'runtime/source': { folders: ['runtime/domain'], packages: ['@lezer/common', '@lezer/python'] },
  'runtime/apps': { folders: ['runtime/domain', 'runtime/ports.ts'], packages: [] },
  'runtime/queue': { folders: ['runtime/domain', 'runtime/ports.ts'], packages: [] },
  'runtime/relay-wire.ts': { folders: ['runtime/ports.ts'], packages: ['node:'] },
  'runtime/web-socket.ts': { folders: ['runtime/ports.ts'], packages: ['ws'] },
  'runtime/webhook-signature.ts': { folders: ['runtime/domain', 'runtime/ports.ts'], packages: ['node:'] },
  'runtime/gateway': {
    folders: [
      'runtime/domain',
      'runtime/ports.ts',
      'runtime/apps',
      'runtime/queue',
      'runtime/relay-wire.ts',
      'runtime/web-socket.ts',
      'runtime/webhook-signature.ts',
    ],
    packages: ['hono', 'uuid', 'ws', 'node:'],
  },
  'runtime/controller': {
    folders: ['runtime/domain', 'runtime/ports.ts', 'runtime/apps', 'runtime/queue', 'runtime/webhook-signature.ts'],
    packages: ['undici', 'uuid', 'node:'],
  },
  'runtime/agent': {
    folders: ['runtime/domain', 'runtime/ports.ts', 'runtime/queue', 'runtime/relay-wire.ts', 'runtime/web-socket.ts'],
    packages: ['undici', 'ws', 'node:'],
  },
  'runtime/local': { folders: ['runtime/domain', 'runtime/ports.ts'], packages: ['libsql', 'node:'] },
  daemon: {
    folders: ['runtime'],
    packages: ['@hono/node-server', 'hono', '@peculiar/x509', 'reflect-metadata', 'node:'],
  },
  cli: {
    folders: ['daemon', 'runtime', 'lib', 'sim'],
    packages: [
      'commander',
      'cli-table3',
      'picocolors',
      '@inquirer/prompts',
      '@aws-sdk',
      '@aws-cdk/toolkit-lib',
      'aws-cdk-lib',
      'node:',
    ],
  },
  bin: { folders: ['cli', 'lib', 'runtime/domain'], packages: ['aws-cdk-lib', 'commander', 'node:'] },
  lambda: {
    folders: ['runtime'],
    packages: ['@aws-sdk', '@smithy', '@aws-lambda-powertools', '@hono/node-server', 'aws-lambda', 'hono', 'node:'],
  },
  'runner-image/agent': { folders: ['runtime'], packages: ['@aws-sdk', '@smithy', 'node:'] },
  sim: { folders: ['runtime/domain'], packages: ['node:'] },
  playground: { folders: [], packages: [] },
  testing: { folders: [], packages: ['@fal-ai/client', 'node:'] },
  lib: {
    folders: [
      'runtime/domain',
      'runtime/aws-layout.ts',
      'runtime/aws-messages.ts',
      'runtime/aws-metrics.ts',
      'runtime/source',
    ],
    packages: ['aws-cdk-lib', 'constructs', 'node:'],
  },
};

const files = ['runtime', 'daemon', 'cli', 'bin', 'lib', 'lambda', 'runner-image/agent', 'sim', 'testing', 'playground']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap(sourcesBelow);

test('every source file lies in a folder of the table', () => {
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => folderOf(file) === undefined)).toEqual([]);
});

test.each(Object.keys(TABLE))('%s imports only what the table allows', (folder) => {
  const offences = files
    .filter((file) => folderOf(file) === folder)
    .flatMap((file) =>
      importsOf(file)
        .filter((imported) => !allowed(folder, imported))
        .map((imported) => `${file}: ${imported}`),
    );
  expect(offences).toEqual([]);
});

test('no rule of another platform is shipped: nothing that the command line reaches imports sim/peers', () => {
  const reached = new Set<string>(['bin/sgpu.ts']);
  for (const file of reached) {
    for (const imported of importsOf(file)) if (files.includes(`${imported}.ts`)) reached.add(`${imported}.ts`);
  }
  expect(reached).toContain('sim/what-if.ts');
  expect([...reached].filter((file) => file.startsWith('sim/peers/'))).toEqual([]);
});

/** A package name, `node:…`, or the path of a file of ours. */
function importsOf(file: string): readonly string[] {
  const { importedFiles } = preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith('.')
      ? normalize(join(dirname(file), fileName))
          .split(sep)
          .join('/')
      : fileName,
  );
}

function allowed(folder: string, imported: string): boolean {
  const { folders, packages } = TABLE[folder]!;
  const within = (place: string): boolean => {
    const bare = place.replace(/\.ts$/, '');
    return imported === bare || imported.startsWith(`${bare}/`);
  };
  return [folder, ...folders].some(within) || packages.some((name) => matchesPackage(name, imported));
}

function matchesPackage(name: string, imported: string): boolean {
  return name === 'node:' ? imported.startsWith(name) : imported === name || imported.startsWith(`${name}/`);
}

function folderOf(file: string): string | undefined {
  return Object.keys(TABLE).find((folder) => file === folder || file.startsWith(`${folder}/`));
}

function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) =>
      relative(root, join(root, folder, name))
        .split(sep)
        .join('/'),
    );
}
