/**
 * A Docker engine for tests. One that runs already is used; else one is started by hand, which needs root, and on Debian
 * its packages are installed first. What was built is kept under `node_modules/.cache`, so the next start finds it.
 */
import { execFile, spawn, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Downloads of test tools, shared by all tests. */
export const CACHE = join(__dirname, '..', '..', 'node_modules', '.cache', 'sgpu-test');

export interface BuildOrder {
  readonly tag: string;
  readonly context: string;
  /** Path of the Dockerfile. Default: `Dockerfile` of the context. */
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Id → file. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export class DockerEngine {
  private constructor(
    readonly host: string,
    /** The address by which containers reach this machine. */
    readonly gateway: string,
    private readonly client: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(): Promise<DockerEngine> {
    const running = await runningEngine();
    if (running !== undefined) return DockerEngine.connect(running, () => Promise.resolve());
    await installPackages();
    return DockerEngine.connect(OWN_HOST, await startDaemon());
  }

  /** Output of a docker command. Fails with what it printed. */
  async docker(...parameters: readonly string[]): Promise<string> {
    return run(this.client, parameters, { DOCKER_HOST: this.host });
  }

  async build({ tag, context, dockerfile, buildArgs = {}, secrets = {} }: BuildOrder): Promise<void> {
    const parameters = [
      ...['build', '--quiet', '--platform', 'linux/amd64', '--tag', tag],
      ...(dockerfile === undefined ? [] : ['--file', dockerfile]),
      ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]),
    ];
    await run(this.client, [...parameters, context], { DOCKER_HOST: this.host, DOCKER_BUILDKIT: '1' });
  }

  async has(image: string): Promise<boolean> {
    return (await this.docker('images', '--quiet', image)) !== '';
  }

  stop(): Promise<void> {
    return this.end();
  }

  private static async connect(host: string, end: () => Promise<void>): Promise<DockerEngine> {
    try {
      const client = await buildingClient();
      const format = '{{(index .IPAM.Config 0).Gateway}}';
      const gateway = await run(client, ['network', 'inspect', 'bridge', '--format', format], { DOCKER_HOST: host });
      return new DockerEngine(host, gateway, client, end);
    } catch (error) {
      await end();
      throw error;
    }
  }
}

/** One for a machine: engines share the bridge `docker0`. */
const RUN_FOLDER = join(tmpdir(), 'sgpu-test-docker');
const OWN_HOST = `unix://${RUN_FOLDER}/engine.sock`;
const DATA_FOLDER = join(CACHE, 'docker');

async function runningEngine(): Promise<string | undefined> {
  for (const host of [process.env.DOCKER_HOST, 'unix:///var/run/docker.sock', OWN_HOST]) {
    if (host !== undefined && host !== '' && (await answers(host))) return host;
  }
  return undefined;
}

async function answers(host: string): Promise<boolean> {
  return run('docker', ['version', '--format', '{{.Server.Version}}'], { DOCKER_HOST: host }).then(
    () => true,
    () => false,
  );
}

/** A client that builds with BuildKit: since version 23 it takes a plugin, before it is built in. */
async function buildingClient(): Promise<string> {
  for (const client of ['docker', '/usr/bin/docker']) {
    const version = await run(client, ['--version']).catch(() => '');
    if (/version (19|20)\./.test(version)) return client;
    if (await run(client, ['buildx', 'version']).catch(() => '')) return client;
  }
  throw new Error('These tests need a docker client with BuildKit: install the buildx plugin');
}

async function installPackages(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('These tests need a running Docker engine, or root to start one');
  const missing = ['/usr/sbin/dockerd', '/usr/sbin/debootstrap', '/usr/sbin/iptables'].some(
    (file) => !existsSync(file),
  );
  if (!missing) return;
  await run('apt-get', ['update', '--quiet=2']);
  await run('apt-get', [
    ...['install', '--quiet=2', '--yes', '--no-install-recommends'],
    ...['docker.io', 'debootstrap', 'iptables'],
  ]);
}

/** Returns what ends it. */
async function startDaemon(): Promise<() => Promise<void>> {
  await Promise.all([mkdir(RUN_FOLDER, { recursive: true }), mkdir(DATA_FOLDER, { recursive: true })]);
  const forwarding = await forwardPolicy();
  const logFile = join(RUN_FOLDER, 'engine.log');
  const log = await open(logFile, 'w');
  const daemon = spawn(
    'dockerd',
    [
      ...['--host', OWN_HOST, '--data-root', DATA_FOLDER, '--exec-root', join(RUN_FOLDER, 'exec')],
      ...['--pidfile', join(RUN_FOLDER, 'engine.pid')],
    ],
    { stdio: ['ignore', log.fd, log.fd], detached: true },
  );
  const exited = new Promise<void>((resolve) => {
    daemon.once('exit', () => {
      resolve();
    });
    daemon.once('error', () => {
      resolve();
    });
  });
  await log.close();
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await exited;
    // The engine leaves the machine's network changed.
    if (forwarding === 'ACCEPT') await run('iptables', ['--policy', 'FORWARD', 'ACCEPT']).catch(() => '');
    await run('ip', ['link', 'delete', 'docker0']).catch(() => '');
    await rm(RUN_FOLDER, { recursive: true, force: true }).catch(() => undefined);
  };
  while (!(await answers(OWN_HOST))) {
    if (daemon.exitCode !== null || daemon.pid === undefined) {
      throw new Error(`The Docker engine did not start: ${(await readFile(logFile, 'utf8')).slice(-2000)}`);
    }
    await sleep(200);
  }
  return stop;
}

async function forwardPolicy(): Promise<string> {
  const rules = await run('iptables', ['--list-rules', 'FORWARD']).catch(() => '');
  return /^-P FORWARD (\w+)/m.exec(rules)?.[1] ?? '';
}

/** Output of a program without the space around it. */
export function run(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 ** 2 };
  return new Promise((resolve, reject) => {
    execFile(program, parameters, options, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else
        reject(
          new Error(`${program} ${parameters[0] ?? ''} failed: ${(stderr || stdout || error.message).slice(-4000)}`),
        );
    });
  });
}

/** Writes a file that only this user reads. */
export async function writePrivate(path: string, content: string): Promise<string> {
  await writeFile(path, content, { mode: 0o600 });
  return path;
}
