/** Notices that the agent's stores have been out of reach for minutes: denied, gone, or cut off. */

/** What AWS calls a refusal that no repetition mends. */
const LASTING = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'CredentialsProviderError',
]);

export interface StoreWatchOptions {
  readonly now: () => number;
  /** How long every call may be refused for good before the runner gives up, ms. */
  readonly refusedMs: number;
  /** The same for failures that may pass, ms. */
  readonly failingMs: number;
}

export class StoreWatch {
  /** Resolves with why the stores are given up. */
  readonly lost: Promise<string>;

  private giveUp: (reason: string) => void = () => undefined;
  private failingSince: number | undefined;

  constructor(private readonly options: StoreWatchOptions) {
    this.lost = new Promise((resolve) => (this.giveUp = resolve));
  }

  /** The store, with every call's outcome noticed. */
  watched<T extends object>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: readonly unknown[]) => this.noticed(Reflect.apply(member, target, parameters));
      },
    });
  }

  private noticed(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    result.then(
      () => (this.failingSince = undefined),
      (error: unknown) => {
        this.failed(error);
      },
    );
    return result;
  }

  private failed(error: unknown): void {
    const now = this.options.now();
    this.failingSince ??= now;
    const name = error instanceof Error ? error.name : '';
    const limit = LASTING.has(name) ? this.options.refusedMs : this.options.failingMs;
    const failingMs = now - this.failingSince;
    if (failingMs < limit) return;
    const text = error instanceof Error ? error.message : String(error);
    this.giveUp(`the platform's stores could not be used for ${Math.round(failingMs / 1000)} s: ${name} ${text}`);
  }
}
