/** What an app says while it runs: lines for whoever listens, and why it failed. */
import type { AppLine, AppOutput } from './app-output';

/** Lines kept for the first listener. */
const EARLY_LINES = 10_000;

export class AppOutputIntake {
  private listener: ((line: AppLine) => void) | undefined;
  private early: AppLine[] = [];
  private said: string | undefined;

  /** What went wrong, where the app said so itself. */
  get failure(): string | undefined {
    return this.said;
  }

  /** Calls `listener` with every line the app prints, those printed before included. There is one listener. */
  onLine(listener: (line: AppLine) => void): void {
    const early = this.early;
    this.early = [];
    this.listener = listener;
    for (const line of early) listener(line);
  }

  take(output: Exclude<AppOutput, { readonly type: 'listening' }>): void {
    if (output.type === 'log') {
      this.deliver(output.line);
      return;
    }
    this.said = output.message;
    if (output.traceback !== undefined) this.deliver({ level: 'STDERR', message: output.traceback });
  }

  private deliver(line: AppLine): void {
    if (this.listener !== undefined) this.listener(line);
    else if (this.early.length < EARLY_LINES) this.early.push(line);
  }
}
