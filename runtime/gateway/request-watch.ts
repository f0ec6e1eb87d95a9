/** Waits for a request to change, without missing a change that happens between a read and the next wait. */
import type { RequestStore } from '../ports';

/** Given as the reason because the default one, an error with its stack, is made anew each time: too dear for every request. */
const STOPPED = 'stopped';

export class RequestWatch {
  private readonly controller = new AbortController();
  private change: Promise<void>;

  /** Listens from now on; `timeoutMs` says each time how long to wait at most. */
  constructor(
    private readonly requests: RequestStore,
    private readonly id: string,
    private readonly timeoutMs: () => number,
  ) {
    this.change = this.listen();
  }

  /** Resolves when the request may have changed since the last call (or since the start), or when the watch was stopped. */
  async changed(): Promise<void> {
    await this.change;
    if (!this.stopped) this.change = this.listen();
  }

  get stopped(): boolean {
    return this.controller.signal.aborted;
  }

  stop(): void {
    this.controller.abort(STOPPED);
  }

  private listen(): Promise<void> {
    return this.requests.changed(this.id, this.timeoutMs(), this.controller.signal);
  }
}
