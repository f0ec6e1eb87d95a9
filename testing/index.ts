/**
 * Tests of apps against the whole platform, on this machine and a port of its own.
 *
 * ```ts
 * import { startApp, type StartedApp } from 'cdk-serverless-gpu/testing';
 *
 * let painter: StartedApp;
 * beforeAll(async () => { painter = await startApp('app.py::Painter'); });
 * afterAll(() => painter.stop());
 *
 * test('it paints', async () => {
 *   const { data } = await painter.fal.subscribe(painter.appId, { input: { prompt: 'a cat' } });
 *   expect(data).toEqual({ painted: 'a cat' });
 * });
 * ```
 */
import { createFalClient, type FalClient } from '@fal-ai/client';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An HTTP server that is there already. */
export interface ServerToStart {
  /** Its command, for a shell. The port to listen on is in the variable `PORT`: `uvicorn main:app --port $PORT`. */
  readonly command: string;
  /** The second part of its app id, `local/<name>`. */
  readonly name: string;
  /**
   * The port that it listens on when it can't be told.
   * @default a free one
   */
  readonly port?: number;
}

export interface StartAppOptions {
  /** Further arguments of `sgpu run`: its options, and other apps (`FILE.py::ClassName`). */
  readonly args?: readonly string[];
  /** The folder in which it runs and from which paths are read. Default: that of the test. */
  readonly cwd?: string;
  /** Variables for the platform and its apps, beside those of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds until it must serve. Runners start with the first request, which waits for them. Default: 60. */
  readonly startTimeout?: number;
  /** Is handed what the platform prints, the logs of the apps among it, as it is printed. */
  readonly onOutput?: (text: string) => void;
  /** Another `sgpu.mjs` than that of this package. */
  readonly program?: string;
}

export interface StartedApp {
  /** `local/painter`: what fal's client calls it. */
  readonly appId: string;
  /** The same of all apps, where several were named. */
  readonly appIds: readonly string[];
  /** The address of the platform, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** fal's own client, set up for this platform. */
  readonly fal: FalClient;
  /** What the platform printed so far, the logs of the apps among it. */
  readonly output: string;
  /** Ends runners and platform, and removes what they kept. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts an app on the platform: requests wait in a durable queue for runners that start, scale and end as in production.
 * Nothing is shared with other platforms on this machine but the cached Python environments.
 *
 * @param app `FILE.py::ClassName`, `FILE.py` when it holds a single app, or a server to start
 * @throws Error when the platform does not start, with what it printed
 */
export async function startApp(app: string | ServerToStart, options: StartAppOptions = {}): Promise<StartedApp> {
  const state = mkdtempSync(join(tmpdir(), 'sgpu-test-'));
  const platform = new Platform(state, [...(await argumentsFor(app)), ...(options.args ?? [])], options);
  try {
    const [, ids = '', url = ''] = await platform.printed(/Serving (.+) at (http\S+)/, options.startTimeout ?? 60);
    return started(platform, ids.split(', '), url);
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

async function argumentsFor(app: string | ServerToStart): Promise<readonly string[]> {
  if (typeof app === 'string') return [app];
  const port = app.port ?? (await freePort());
  return ['--exec', app.command, '--app-port', String(port), '--name', app.name];
}

function started(platform: Platform, appIds: readonly string[], url: string): StartedApp {
  return {
    appId: appIds[0] ?? '',
    appIds,
    url,
    // The platform asks for no key on this machine; the client insists on one.
    fal: createFalClient({ credentials: 'local:local', proxyUrl: { url, when: 'always' } }),
    get output() {
      return platform.output;
    },
    stop: () => platform.stop(),
  };
}

/** Free a moment ago: the server is told its port before it listens. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => {
          resolve(port);
        });
      });
  });
}

const PROGRAM = join(__dirname, '..', 'assets', 'sgpu', 'sgpu.mjs');
const ENDS_WITH_PARENT = pathToFileURL(join(__dirname, 'ends-with-parent.mjs')).href;

/** The process of `sgpu run` and what it prints. */
class Platform {
  output = '';
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  /** Called when more was printed, and at the end. */
  #changed: () => void = () => undefined;

  constructor(
    private readonly state: string,
    args: readonly string[],
    { cwd, env, program = PROGRAM, onOutput }: StartAppOptions,
  ) {
    const run = ['--import', ENDS_WITH_PARENT, program, 'run', '--port', '0', '--state', state, ...args];
    this.#process = spawn(process.execPath, run, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
    const keep = (text: string): void => {
      this.output += text;
      onOutput?.(text);
      this.#changed();
    };
    this.#process.stdout?.setEncoding('utf8').on('data', keep);
    this.#process.stderr?.setEncoding('utf8').on('data', keep);
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', ({ message }) => {
        keep(message);
        resolve();
      });
      this.#process.once('close', () => {
        resolve();
      });
    });
  }

  /** Resolves when what it printed matches. */
  async printed(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    let timer: NodeJS.Timeout | undefined;
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const fail = (what: string): void => {
        reject(new Error(`The platform ${what}. It printed:\n${this.output.trim()}`));
      };
      this.#changed = () => {
        const match = pattern.exec(this.output);
        if (match !== null) resolve(match);
      };
      timer = setTimeout(() => {
        fail(`did not start within ${seconds} s`);
      }, seconds * 1000);
      void this.#ended.then(() => {
        fail('ended');
      });
    });
    return found.finally(() => {
      clearTimeout(timer);
    });
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
    rmSync(this.state, { recursive: true, force: true });
  }
}
