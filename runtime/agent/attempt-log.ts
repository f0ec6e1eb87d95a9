/**
 * The event log of one attempt, written in batches: the first event goes out at once, so that a streamed answer begins
 * without delay; what follows within `BATCH_MS` goes out together.
 */
import type { RequestEvent, RequestStore } from '../ports';

/** DESIGN: log lines and stream chunks are batched every 100–250 ms. */
const BATCH_MS = 100;

/** Log text kept per attempt; what comes after is counted, not kept. */
const LOG_LIMIT_BYTES = 1_048_576;

export class AttemptLog {
  #number = 0;
  #batch: RequestEvent[] = [];
  #written: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #lastFlush = -Infinity;
  #logBytes = 0;
  #droppedLines = 0;

  constructor(
    private readonly store: Pick<RequestStore, 'appendEvents'>,
    private readonly id: string,
    private readonly attempt: number,
  ) {}

  /** Adds a log line; beyond the limit lines are dropped, and `close` says how many. */
  line(at: number, level: string, message: string): void {
    this.#logBytes += Buffer.byteLength(message);
    if (this.#logBytes > LOG_LIMIT_BYTES) this.#droppedLines += 1;
    else this.append({ kind: 'log', at, level, message });
  }

  append(event: RequestEvent): void {
    this.#batch.push(event);
    this.#timer ??= setTimeout(
      () => {
        this.flush();
      },
      Math.max(0, this.#lastFlush + BATCH_MS - performance.now()),
    );
  }

  /** Resolves when everything appended is stored. Rejects with the first write that failed. */
  async close(at: number): Promise<void> {
    if (this.#droppedLines > 0) {
      const message = `${this.#droppedLines} more log lines were dropped: an attempt keeps ${LOG_LIMIT_BYTES} bytes`;
      this.append({ kind: 'log', at, level: 'WARN', message });
    }
    this.flush();
    await this.#written;
  }

  private flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    const [first, events] = [this.#number, this.#batch];
    this.#number += events.length;
    this.#batch = [];
    this.#lastFlush = performance.now();
    this.#written = this.#written.then(() => this.store.appendEvents(this.id, this.attempt, first, events));
    // Reported by close(); without this an early failure would end the process as unhandled.
    this.#written.catch(() => undefined);
  }
}
