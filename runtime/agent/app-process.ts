/** What an agent needs to know of the app it stands beside; the fleet that started the app provides it. */
import type { RunnerExit } from '../domain/runner';

export interface AppProcess {
  /** The address of the app's HTTP server, once it is known; it may not accept connections yet. */
  url(): Promise<string>;
  /** Resolves when the app's process has ended, whatever the cause. */
  readonly exited: Promise<AppExit>;
  /** Calls `listener` with every line the app prints, those printed before included. */
  onLine(listener: (line: AppLine) => void): void;
  /** Asks the app to end (SIGTERM) and forces it after `graceMs`. Resolves when it is gone. */
  terminate(graceMs: number): Promise<void>;
}

export interface AppExit {
  /** In words: "exit code 1", "killed by SIGKILL". */
  readonly reason: string;
  /** What went wrong, where the app said so itself before it ended: "setup() raised ValueError: …". */
  readonly failure?: string;
}

export interface AppLine {
  /** fal's log levels; plain output is `STDOUT` or `STDERR`. */
  readonly level: string;
  readonly message: string;
  /** The request that printed it, where the app knows. */
  readonly requestId?: string;
}

/** Why an agent ends its app: the word for the runner's record and the sentence for people. */
export interface Farewell {
  readonly exit: RunnerExit;
  readonly reason: string;
}
