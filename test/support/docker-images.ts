/** Images to build upon that come from no registry: made of Debian packages, of this machine's Node and of PyPI's uv. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UV_IMAGE } from '../../runtime/source/build-context';
import { CACHE, run, writePrivate, type DockerEngine } from './docker-engine';

const RELEASE = 'bookworm';
const PACKAGES = ['ca-certificates', 'python3', 'libgl1', 'libglib2.0-0', 'libgomp1'];

/** The version of Python in `baseImage`. */
export const BASE_PYTHON = '3.11';

/** Debian with Python, in place of the Python and CUDA images. */
export async function baseImage(engine: DockerEngine): Promise<string> {
  const tag = `sgpu-test/base:${RELEASE}-${fingerprint(PACKAGES.join())}`;
  if (!(await engine.has(tag))) await engine.docker('import', await baseTarball(), tag);
  return tag;
}

/** The base with this machine's Node, in place of the Node image. */
export async function nodeImage(engine: DockerEngine): Promise<string> {
  const base = await baseImage(engine);
  const tag = `sgpu-test/node:${process.version.slice(1)}-${fingerprint(base)}`;
  await builtOnce(engine, tag, async (context) => {
    await copyFile(await realpath(process.execPath), join(context, 'node'));
    await writeFile(join(context, 'Dockerfile'), `FROM ${base}\nCOPY node /usr/local/bin/node\n`);
  });
  return tag;
}

/** An image with `/uv`, of the version that apps are built with. */
export async function uvImage(engine: DockerEngine): Promise<string> {
  const version = UV_IMAGE.split(':').at(-1) ?? '';
  const tag = `sgpu-test/uv:${version}`;
  await builtOnce(engine, tag, async (context) => {
    const packages = join(context, 'packages');
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', packages, `uv==${version}`]);
    await cp(join(packages, 'bin', 'uv'), join(context, 'uv'));
    await chmod(join(context, 'uv'), 0o755);
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY uv /uv\n');
  });
  return tag;
}

/**
 * How this machine reaches package indexes, as secrets for a build: the certificates it trusts, and the indexes that pip
 * is set to. Written to `folder`, which the caller removes.
 */
export async function packageAccess(folder: string): Promise<Readonly<Record<string, string>>> {
  const settings = await pipSettings();
  const secrets: Record<string, string> = {};
  const certificates = settings.cert ?? process.env.SSL_CERT_FILE;
  if (certificates !== undefined) {
    secrets['ca.crt'] = await writePrivate(join(folder, 'ca.crt'), await readFile(certificates, 'utf8'));
  }
  const { 'index-url': main, 'extra-index-url': extra = '' } = settings;
  const indexes = [
    ...extra.split(/\s+/).map((url) => ({ url, isDefault: false })),
    ...(main === undefined ? [] : [{ url: main, isDefault: true }]),
  ].filter(({ url }) => url !== '');
  if (indexes.length > 0) {
    const entries = indexes.map(
      ({ url, isDefault }) => `[[index]]\nurl = ${JSON.stringify(url)}\ndefault = ${isDefault}\n`,
    );
    secrets['uv.toml'] = await writePrivate(join(folder, 'uv.toml'), entries.join('\n'));
  }
  return secrets;
}

/** Settings of pip by name, whether from its files or from the environment. */
async function pipSettings(): Promise<Readonly<Record<string, string>>> {
  const lines = (await run('python3', ['-m', 'pip', 'config', 'list'])).split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^(?::env:|global|install)\.([\w-]+)='(.*)'$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

async function baseTarball(): Promise<string> {
  const tarball = join(CACHE, `docker-base-${RELEASE}-${fingerprint(PACKAGES.join())}.tar`);
  if (existsSync(tarball)) return tarball;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'sgpu-base-'));
  try {
    await run('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join()}`, RELEASE, folder]);
    await rm(join(folder, 'var', 'cache', 'apt', 'archives'), { recursive: true, force: true });
    await run('tar', ['--create', '--directory', folder, '--file', `${tarball}.unfinished`, '.']);
    await rename(`${tarball}.unfinished`, tarball);
    return tarball;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function builtOnce(engine: DockerEngine, tag: string, fill: (context: string) => Promise<void>): Promise<void> {
  if (await engine.has(tag)) return;
  const context = await mkdtemp(join(tmpdir(), 'sgpu-image-'));
  try {
    await fill(context);
    await engine.build({ tag, context });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

function fingerprint(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
