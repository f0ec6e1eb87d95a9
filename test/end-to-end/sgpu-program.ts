/** The real `sgpu` program, built from the sources as they are and run as a process of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../contract/eventually';

const ROOT = join(__dirname, '..', '..');

/** Shared by all tests and kept, so that fal is installed once. */
const CACHE = join(ROOT, 'node_modules', '.cache', 'sgpu-test');

/** Looks like the key that clients insist on; a platform that asks for none takes it as none. */
const NO_KEY = 'local:local';

const PATIENCE_MS = 40_000;

export interface SgpuOptions {
  /** A folder of the test's own: the working directory, with the state in `state`. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Blocks of 1,024 bytes (`ulimit -f`) that a file of this process may have: to it the disk is full behind them. */
  readonly largestFile?: number;
}

export interface SgpuExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Programs of this test file that may still run. */
const running = new Set<Sgpu>();
let program: string | undefined;

/** Ends whatever a test file started, in `afterAll`: also after a failure. */
export async function endAllSgpu(): Promise<void> {
  await Promise.all([...running].map((sgpu) => sgpu.kill()));
  if (program !== undefined) rmSync(join(program, '..'), { recursive: true, force: true });
  program = undefined;
}

/** The path of the bundle; its folder is two below the package's, as the installed one's. */
export function sgpuProgram(): string {
  if (program !== undefined) return program;
  mkdirSync(join(ROOT, 'assets'), { recursive: true });
  program = join(mkdtempSync(join(ROOT, 'assets', 'test-')), 'sgpu.mjs');
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), program]);
  return program;
}

export class Sgpu {
  /** Resolves when the process is gone. */
  readonly exited: Promise<SgpuExit>;
  #out = '';
  #err = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: SgpuOptions,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#err += text));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
      });
    });
    running.add(this);
  }

  /** Runs `sgpu` with these arguments and nothing else. */
  static run(args: readonly string[], options: SgpuOptions): Sgpu {
    const { folder: cwd, largestFile } = options;
    const command = [process.execPath, sgpuProgram(), ...args];
    const limited = ['sh', '-c', `ulimit -f ${(largestFile ?? 0) * 2}; exec "$@"`, 'sh', ...command];
    const [file = '', ...rest] = largestFile === undefined ? command : limited;
    const env = { ...process.env, SGPU_CACHE: CACHE, ...options.env };
    return new Sgpu(spawn(file, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }), options);
  }

  /** `sgpu run …` on a free port; resolves when it serves. */
  static async serve(args: readonly string[], options: SgpuOptions): Promise<Sgpu> {
    const sgpu = Sgpu.run(['run', ...args, '--port', '0', '--state', join(options.folder, 'state')], options);
    await Promise.race([sgpu.printed(/Runners start with the first request/), sgpu.refused()]);
    return sgpu;
  }

  /** What it printed, in its own order on each of the two streams. */
  get output(): string {
    return this.#out + this.#err;
  }

  get errors(): string {
    return this.#err;
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN;
  }

  /** `http://127.0.0.1:1234` */
  get url(): string {
    return this.found(/ at (http:\S+)/);
  }

  /** The same by https, what to trust and with which key: what fal's clients are configured with. */
  get secure(): { readonly url: string; readonly caPath: string; readonly key: string } {
    return {
      url: this.url.replace('http:', 'https:'),
      caPath: this.found(/SSL_CERT_FILE='(.+?)'/),
      key: this.key,
    };
  }

  /** The key it printed, or one that stands for none. */
  get key(): string {
    return /export FAL_KEY=(\S+:\S+)/.exec(this.#out)?.[1] ?? NO_KEY;
  }

  /** Resolves when what it printed so far matches. */
  printed(pattern: RegExp): Promise<void> {
    return eventually(async () => {
      if (!pattern.test(this.output)) throw new Error(`Nothing like ${pattern} in:\n${this.output}`);
    }, PATIENCE_MS);
  }

  /** Ends it as Ctrl-C does. */
  stop(): Promise<SgpuExit> {
    this.child.kill('SIGINT');
    return this.exited;
  }

  /** `kill -9`. */
  kill(): Promise<SgpuExit> {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  private async refused(): Promise<never> {
    await this.exited;
    throw new Error(`sgpu ended in ${this.options.folder}:\n${this.output}`);
  }

  private found(pattern: RegExp): string {
    const text = pattern.exec(this.#out)?.[1];
    if (text === undefined) throw new Error(`Nothing like ${pattern} in:\n${this.output}`);
    return text;
  }
}
