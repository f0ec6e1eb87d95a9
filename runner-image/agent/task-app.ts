/** The app beside the agent in an ECS task: another container, which ECS starts, watches and ends. */
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppExit, AppLine, AppProcess } from '../../runtime/agent/app-process';
import type { AppOutput } from '../../runtime/local/app-output';
import { AppOutputIntake } from '../../runtime/local/app-output-intake';
import { OutputSocket } from './output-socket';
import type { ContainerStatus, TaskMetadata } from './task-metadata';

export interface TaskAppOptions {
  readonly url: string;
  readonly metadata: TaskMetadata;
  /** Path of the socket for the app's lines. */
  readonly socketPath: string;
  /** How often the app's container is looked at, ms. */
  readonly pollMs: number;
  readonly log: (line: string) => void;
}

/** How long after the app's end its last lines may still be on their way. */
const LAST_OUTPUT_MS = 1_000;

/** Status codes above this are signals. */
const SIGNALLED = 128;

export class TaskApp implements AppProcess {
  readonly exited: Promise<AppExit>;
  /** Resolves when the agent wants the app ended, which ECS does once the agent's own container has. */
  readonly leaving: Promise<void>;

  private leave: () => void = () => undefined;
  private end: (exit: AppExit) => void = () => undefined;
  private ended = false;
  private socket: OutputSocket | undefined;
  private readonly output = new AppOutputIntake();

  private constructor(private readonly options: TaskAppOptions) {
    this.exited = new Promise((resolve) => (this.end = resolve));
    this.leaving = new Promise((resolve) => (this.leave = resolve));
  }

  /** An app whose lines can't be had is served all the same. */
  static async attach(options: TaskAppOptions): Promise<TaskApp> {
    const app = new TaskApp(options);
    const take = (output: AppOutput): void => {
      // Where it listens is known.
      if (output.type !== 'listening') app.output.take(output);
    };
    app.socket = await OutputSocket.listen(options.socketPath, take).catch((error: unknown) => {
      options.log(`The app's lines will be in CloudWatch only, not in its requests: ${inWords(error)}`);
      return undefined;
    });
    void app.watch();
    return app;
  }

  /** Resolves when ECS has started the app's container. */
  async started(): Promise<void> {
    while (!(await this.status())?.started) await sleep(this.options.pollMs);
  }

  /** True when the app's container has ended, by what ECS says now. */
  async hasExited(): Promise<boolean> {
    return (await this.status())?.stopped ?? false;
  }

  url(): Promise<string> {
    return Promise.resolve(this.options.url);
  }

  onLine(listener: (line: AppLine) => void): void {
    this.output.onLine(listener);
  }

  /**
   * A container can't end another one: this says so by `leaving`, upon which the agent's program ends, and ECS ends the
   * app with SIGTERM and the stop timeout of the task definition. Resolves at once when the app has ended already.
   */
  async terminate(): Promise<void> {
    if (!this.ended) this.leave();
    await this.exited;
  }

  close(): void {
    this.ended = true;
    this.socket?.close();
  }

  private async watch(): Promise<void> {
    while (!this.ended) {
      const status = await this.status();
      if (status?.stopped) {
        this.ended = true;
        await this.socket?.drained(LAST_OUTPUT_MS);
        const { failure } = this.output;
        this.end({ reason: reasonOf(status), ...(failure === undefined ? {} : { failure }) });
      } else {
        await sleep(this.options.pollMs);
      }
    }
  }

  /** `undefined` while ECS can't be asked, which says nothing about the app. */
  private status(): Promise<ContainerStatus | undefined> {
    return this.options.metadata.app().catch(() => undefined);
  }
}

function reasonOf({ exitCode }: ContainerStatus): string {
  if (exitCode === undefined) return 'its container could not be started or was removed';
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - SIGNALLED)?.[0];
  if (signal === undefined) return `exit code ${exitCode}`;
  return `killed by ${signal}${signal === 'SIGKILL' ? ': it may have used more memory than its task has' : ''}`;
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
