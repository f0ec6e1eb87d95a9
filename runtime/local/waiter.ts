/** The longest delay a Node timer takes, in ms. */
const LONGEST_DELAY = 2 ** 31 - 1;

export interface Waiter {
  /** True when woken, false when the time was up or the wait was aborted. */
  readonly woken: Promise<boolean>;
  wake(): void;
}

/** Begins a wait that ends once: by `wake`, after `timeoutMs` or on abort. `ended` runs at once when it does. */
export function startWaiting(timeoutMs: number, signal: AbortSignal | undefined, ended: () => void): Waiter {
  let end: (woken: boolean) => void = () => undefined;
  const woken = new Promise<boolean>((resolve) => {
    const expire = (): void => {
      end(false);
    };
    const timer = setTimeout(expire, Math.min(timeoutMs, LONGEST_DELAY));
    end = (value) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', expire);
      ended();
      resolve(value);
    };
    signal?.addEventListener('abort', expire, { once: true });
  });
  return {
    woken,
    wake: () => {
      end(true);
    },
  };
}
