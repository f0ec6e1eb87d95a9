/** The package as it is published to npm and PyPI, made in a temporary folder. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(__dirname, '../..');

const ENVIRONMENT = { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' };

/** Runs a program in a folder; its output is in the error when it fails. */
export async function run(cwd: string, program: string, ...parameters: readonly string[]): Promise<string> {
  const options = { cwd, env: ENVIRONMENT, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(program, parameters, options).catch((error: unknown) => {
    const { message, stdout, stderr } = error as Error & { readonly stdout?: string; readonly stderr?: string };
    throw new Error([message, stdout, stderr].join('\n'), { cause: error });
  });
  return stdout;
}

/** A program of a development dependency. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name);
}

/** Compiles the package; the folder is what `npm publish` would be called in. */
export async function compiledPackage(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'package-')), 'cdk-serverless-gpu');
  await run(ROOT, process.execPath, join(ROOT, 'scripts', 'build-jsii.mjs'), folder);
  return folder;
}

/** A folder that has the Python package installed without what it depends on. */
export async function installedWheel(compiled: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wheel-'));
  await run(compiled, tool('jsii-pacmak'), '--targets', 'python', '--code-only', '--outdir', folder, '.');
  await run(
    join(folder, 'python'),
    'python3',
    '-m',
    'pip',
    'wheel',
    '--quiet',
    '--no-deps',
    '--wheel-dir',
    folder,
    '.',
  );
  const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip left no wheel in ${folder}`);
  const installed = join(folder, 'installed');
  await run(folder, 'python3', '-m', 'pip', 'install', '--quiet', '--no-deps', '--target', installed, wheel);
  return installed;
}
