/**
 * Who reads which streamed answer. A caller that hangs up wants its request cancelled. But the reader of an event stream
 * may only have lost the connection and come back with `Last-Event-ID`: such a request is cancelled after a while without
 * a reader. Readers are counted within one gateway: a stream picked up at another one is still cancelled by this one.
 */
export class StreamReaders {
  private readonly readers = new Map<string, number>();

  constructor(
    private readonly graceMs: number,
    private readonly cancel: (id: string) => void,
  ) {}

  enter(id: string): void {
    this.readers.set(id, this.count(id) + 1);
  }

  /** `finished` when the reader got all there was, `resumable` when it may come back. */
  leave(id: string, { finished, resumable }: { readonly finished: boolean; readonly resumable: boolean }): void {
    const left = this.count(id) - 1;
    if (left > 0) {
      this.readers.set(id, left);
      return;
    }
    this.readers.delete(id);
    if (finished) return;
    if (!resumable) {
      this.cancel(id);
      return;
    }
    if (this.graceMs === Infinity) return;
    const timer = setTimeout(() => {
      if (this.count(id) === 0) this.cancel(id);
    }, this.graceMs);
    timer.unref();
  }

  private count(id: string): number {
    return this.readers.get(id) ?? 0;
  }
}
