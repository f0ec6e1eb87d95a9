/** `sgpu init` */
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../runtime/domain/user-error';
import type { PackageSource } from './init/fal-app';
import { pythonProject } from './init/python-project';
import { typeScriptProject } from './init/typescript-project';
import { addOutputOptions, Output, type OutputOptions } from './output';

interface InitOptions extends OutputOptions {
  readonly language: 'typescript' | 'python';
  readonly name?: string;
  readonly package?: string;
}

export function initCommand(): Command {
  return addOutputOptions(new Command('init'))
    .summary('begin a CDK project with a fal app')
    .description('Makes a folder with a fal app and a CDK project that deploys it, in TypeScript or Python.')
    .argument('[folder]', 'an empty folder, or one to make', '.')
    .addOption(
      new Option('--language <language>', 'of the CDK project').choices(['typescript', 'python']).default('typescript'),
    )
    .option('--name <name>', 'of the app (default: as the folder)')
    .option(
      '--package <file>',
      'the packed cdk-serverless-gpu, which no registry has yet: a .tgz for npm, a .whl for pip',
    )
    .addHelpText(
      'after',
      '\nJSON: {"folder","files":[]}\n\nExamples:\n  sgpu init painter\n  sgpu init painter --language python\n  sgpu init painter --package ../cdk-serverless-gpu-0.0.0.tgz',
    )
    .action(init);
}

async function init(folder: string, options: InitOptions): Promise<void> {
  const target = resolve(folder);
  await refuseFull(target);
  const name = appName(options.name ?? basename(target));
  const { files, next } = (options.language === 'python' ? pythonProject : typeScriptProject)(
    name,
    packageSource(options.package),
  );
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text, { flag: 'wx' });
  }
  const place = relative(process.cwd(), target);
  new Output(options).result({ folder: target, files: Object.keys(files) }, () =>
    [
      `Made ${Object.keys(files).join(', ')}${place === '' ? '' : ` in ${place}`}.`,
      '',
      'Next:',
      ...[...(place === '' ? [] : [`cd ${place}`]), 'sgpu run app.py', ...next].map((line) => `  ${line}`),
    ].join('\n'),
  );
}

async function refuseFull(folder: string): Promise<void> {
  try {
    const found = (await readdir(folder)).filter((name) => name !== '.git');
    if (found.length > 0)
      throw new UserError(`${folder} is not empty (${found.slice(0, 3).join(', ')}): name a new folder`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') throw new UserError(`${folder} is a file: name a new folder`);
    if (code !== 'ENOENT') throw error;
  }
}

function packageSource(file: string | undefined): PackageSource {
  if (file === undefined) return { spec: 'cdk-serverless-gpu', published: true };
  if (!existsSync(file)) throw new UserError(`There is no file ${file}: --package names the packed package`);
  return { spec: resolve(file), published: false };
}

/** As the second part of an app id may be. */
function appName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 48);
  if (name === '') throw new UserError(`'${text}' can't name an app: give it a --name of letters, digits and "-"`);
  return name;
}
