/** Child processes of the bench: each with its own process group, and none left when the bench ends, however it does. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set();

process.on('exit', () => {
  for (const child of running) kill(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** How long a process may take to end by itself. */
const GRACE_MS = 10_000;

export class ServerProcess {
  #child;
  #output = '';

  constructor(command, args, { env = {}, cwd } = {}) {
    this.#child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (text) => {
        this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
      });
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`));
    });
    this.ended.then(() => {
      this.hasEnded = true;
    });
  }

  hasEnded = false;

  /** What was printed that matches; rejects when the process ends before, or takes longer than `limitMs`. */
  async printed(pattern, limitMs = 60_000) {
    return this.#until(() => pattern.exec(this.#output), limitMs, `print ${pattern}`);
  }

  /** Resolves when the check succeeds; it may throw while the server is not ready. */
  async answers(check, limitMs = 60_000) {
    const attempt = () =>
      check().then(
        () => true,
        () => false,
      );
    await this.#until(attempt, limitMs, 'answer');
  }

  /** Resolves with all that was printed when the process has ended well. */
  async finished(limitMs) {
    const reason = await Promise.race([this.ended, sleep(limitMs, 'no end in time', { ref: false })]);
    if (reason !== 'exit 0') throw new Error(`${reason}: ${lastLines(this.#output)}`);
    return this.#output;
  }

  async stop(signal = 'SIGTERM') {
    if (!this.hasEnded) kill(this.#child, signal, this.#child.pid);
    await Promise.race([this.ended, sleep(GRACE_MS, undefined, { ref: false })]);
    kill(this.#child, 'SIGKILL');
    running.delete(this.#child);
  }

  async #until(attempt, limitMs, what) {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const result = await attempt();
      if (result) return result;
      if (this.hasEnded) throw new Error(`${await this.ended}: ${lastLines(this.#output)}`);
      if (performance.now() > deadline) {
        throw new Error(`it did not ${what} within ${limitMs / 1000} s: ${lastLines(this.#output)}`);
      }
      await sleep(50);
    }
  }
}

const OUTPUT_KEPT = 1_000_000;

function lastLines(output) {
  return output.trim().split('\n').slice(-3).join(' ');
}

/** Signals the whole group, or with `pid` that process alone. */
function kill(child, signal, pid = -(child.pid ?? NaN)) {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

/**
 * Starts several things as one. `start` gets a list for what stops each of them, and resolves with the ways to load them;
 * all are stopped, the last first, when one doesn't start.
 */
export async function together(start) {
  const stops = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    return { paths: await start(stops), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
