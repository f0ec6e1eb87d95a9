/** Waits until somebody calls the function that this adds to `waiters`; false when the time is over first. */
export function waitUntil(waiters: Set<() => void>, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (woken: boolean): void => {
      clearTimeout(timer);
      waiters.delete(wake);
      signal?.removeEventListener('abort', abort);
      resolve(woken);
    };
    const wake = (): void => {
      end(true);
    };
    const abort = (): void => {
      end(false);
    };
    const timer = setTimeout(abort, timeoutMs);
    waiters.add(wake);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
  });
}
