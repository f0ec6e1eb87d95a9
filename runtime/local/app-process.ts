/** One app process with everything it starts, from launch to the end of its process group. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { LineSplitter, parseLine, type AppLine, type AppOutput } from './app-output';
import { AppOutputIntake } from './app-output-intake';
import { guarded, NOT_EXECUTABLE, NOT_FOUND, SIGNALLED } from './process-guard';
import { groupEnded, signalGroup } from './process-group';

/** How a process is to be started. */
export interface LaunchPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited but what stands here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The port the app listens on, or that it will say so itself by a control line. */
  readonly port: number | 'announced';
}

export interface AppExit {
  /** Absent when a signal ended the app or it was never started. */
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  /** In words: "exit code 1", "killed by SIGKILL". */
  readonly reason: string;
  /** What went wrong, where the app said so itself before it ended. */
  readonly failure?: string;
}

export class AppProcess {
  /** Resolves when no process of the app is left and every line it printed was delivered. */
  readonly exited: Promise<AppExit>;
  /** The id of the process group; absent when the operating system could not start it. */
  readonly group: number | undefined;

  private readonly port: Promise<number>;
  private announce: (port: number) => void = () => undefined;
  private giveUpPort: (error: Error) => void = () => undefined;
  private terminating = false;
  private readonly said = new AppOutputIntake();

  private constructor(
    private readonly child: ChildProcess,
    private readonly plan: LaunchPlan,
  ) {
    this.group = child.pid;
    this.port = new Promise((resolve, reject) => {
      this.announce = resolve;
      this.giveUpPort = reject;
    });
    // Whoever waits for the port learns that there will be none; nobody has to.
    this.port.catch(() => undefined);
    if (plan.port !== 'announced') this.announce(plan.port);
    const output = [this.readLines('stdout'), this.readLines('stderr')];
    this.exited = this.untilExited(Promise.all(output));
  }

  /** A process that cannot be started has exited, with the reason. */
  static start(plan: LaunchPlan): AppProcess {
    const [shell, args] = guarded(plan.command, plan.args);
    // Its own session: signals of the terminal are for the platform, which then ends its apps in order.
    const child = spawn(shell, args, { cwd: plan.cwd, env: { ...plan.env }, detached: true, stdio: 'pipe' });
    // The guard reads until the end of the pipe, which comes when this process ends.
    child.stdin.on('error', () => undefined);
    return new AppProcess(child, plan);
  }

  /** The address of the app's HTTP server. It may not accept connections yet. Rejects when the app ended before. */
  async url(): Promise<string> {
    return `http://127.0.0.1:${await this.port}`;
  }

  /** Calls `listener` with every line the app prints, those printed before included. There is one listener. */
  onLine(listener: (line: AppLine) => void): void {
    this.said.onLine(listener);
  }

  /** Sends SIGTERM to all processes of the app and SIGKILL after `graceMs`. Resolves when they are gone. */
  async terminate(graceMs: number): Promise<void> {
    this.terminating = true;
    this.signal('SIGTERM');
    const force = setTimeout(() => {
      this.signal('SIGKILL');
    }, graceMs);
    await this.exited;
    clearTimeout(force);
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.group !== undefined && this.child.exitCode === null && this.child.signalCode === null) {
      signalGroup(this.group, signal);
    }
  }

  private async untilExited(output: Promise<unknown>): Promise<AppExit> {
    const exit = await new Promise<AppExit>((resolve) => {
      this.child.once('error', (error) => {
        resolve({ reason: `it could not be started: ${error.message}` });
      });
      this.child.once('exit', (code, signal) => {
        resolve(this.exitOf(code, signal));
      });
    });
    if (this.group !== undefined) {
      // The app itself is gone; what it started goes with it.
      signalGroup(this.group, 'SIGKILL');
      await groupEnded(this.group);
    }
    await Promise.race([output, new Promise((resolve) => setTimeout(resolve, LAST_OUTPUT_MS))]);
    const { failure } = this.said;
    this.giveUpPort(new Error(`The app ended before it was listening: ${failure ?? exit.reason}`));
    return failure === undefined ? exit : { ...exit, failure };
  }

  private exitOf(code: number | null, signal: NodeJS.Signals | null): AppExit {
    const { command } = this.plan;
    const killedBy = signal ?? signalOf((code ?? 0) - SIGNALLED);
    if (killedBy !== undefined) return { signal: killedBy, reason: this.killedReason(killedBy) };
    if (code === NOT_FOUND)
      return { code, reason: `exit code ${code}: ${command}, or a command that it runs, was not found` };
    if (code === NOT_EXECUTABLE) return { code, reason: `exit code ${code}: ${command} can't be executed` };
    return { code: code ?? 0, reason: `exit code ${code ?? 0}` };
  }

  private killedReason(signal: NodeJS.Signals): string {
    const unexpected = signal === 'SIGKILL' && !this.terminating;
    return `killed by ${signal}${unexpected ? ': the machine may have run out of memory' : ''}`;
  }

  private readLines(stream: 'stdout' | 'stderr'): Promise<void> {
    const lines = new LineSplitter((text) => {
      this.take(parseLine(stream, text));
    });
    const source = this.child[stream];
    if (source === null) return Promise.resolve();
    source.on('data', (bytes: Buffer) => {
      lines.write(bytes);
    });
    return new Promise((resolve) => {
      source.once('close', () => {
        lines.end();
        resolve();
      });
    });
  }

  private take(output: AppOutput): void {
    if (output.type === 'listening') this.announce(output.port);
    else this.said.take(output);
  }
}

/** How long to wait for the end of an output that a process outside the group may hold open. */
const LAST_OUTPUT_MS = 1_000;

function signalOf(number: number): NodeJS.Signals | undefined {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name as NodeJS.Signals | undefined;
}
