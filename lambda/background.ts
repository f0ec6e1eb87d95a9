/**
 * Work that an answer does not wait for. Lambda freezes a process as soon as its handler returns, so the handler waits for
 * the work after the answer is out.
 */
export class Background {
  private readonly running = new Set<Promise<void>>();

  /** `work` must not fail. */
  readonly add = (work: Promise<void>): void => {
    const ended = work.finally(() => {
      this.running.delete(ended);
    });
    this.running.add(ended);
  };

  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
