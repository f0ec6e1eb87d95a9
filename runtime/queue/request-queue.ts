/**
 * The queue: the rules of `domain/request` over a store with conditional writes. Gateway, agents and controller move
 * requests through this class alone, whatever the store.
 */
import {
  abandoned,
  CLIENT_GONE,
  cancel,
  claim,
  claimable,
  complete,
  elapsed,
  giveUp,
  handBack,
  heartbeat,
  redrive,
  retry,
  submitted,
  type Fence,
  type NewRequest,
  type Outcome,
  type RequestHead,
} from '../domain/request';
import type { RetryCondition } from '../domain/retry';
import type { Clock, Doorbell, RequestInput, RequestStore, StoredResponse } from '../ports';

/** How long a runner may be silent before its requests go to another one. Agents renew at a third of this. */
export const LEASE_MS = 30_000;

/** Heads read at once where many are looked at. */
const PAGE = 16;

/**
 * Heads read first when looking for one to claim. Nearly always the first is free, and reading heads costs; who finds these
 * taken reads a page, and so does a runner with hints, which looks for requests that name them.
 */
const CLAIM_WINDOW = 2;

export interface RequestQueueDependencies {
  readonly store: RequestStore;
  readonly doorbell: Doorbell;
  readonly clock: Clock;
  /** Told of every request that ends by this process's doing, but for those that a sweep returns. */
  readonly onEnded?: (head: RequestHead) => void;
}

/** What a runner is told when it renews its lease: `undefined` means that the request is no longer its own. */
export type HeartbeatReply = { readonly cancelRequested: boolean } | undefined;

export class RequestQueue {
  /** Requests that somebody in this process is about to claim: the others leave them alone and try the next. */
  private readonly claiming = new Set<string>();

  /** Requests claimed by this process, as it last wrote them: most often nobody else has written them since. */
  private readonly held = new Map<string, RequestHead>();

  constructor(private readonly dependencies: RequestQueueDependencies) {}

  /** Accepts a request. When this returns, nothing but its own retention can lose it. */
  async submit(request: NewRequest, input: RequestInput): Promise<RequestHead> {
    const head = submitted(request);
    if (!(await this.dependencies.store.create(head, input))) throw new Error(`Request ${head.id} exists already`);
    await this.dependencies.doorbell.ring(head.app);
    return head;
  }

  /**
   * Takes the first request this runner may have: those that hint at it first, then normal before low, then in order of
   * submission. Requests whose start deadline has passed are ended on the way.
   */
  async claim(app: string, runner: string, hints: readonly string[] = []): Promise<RequestHead | undefined> {
    let after: RequestHead | undefined;
    for (let size = hints.length > 0 ? PAGE : CLAIM_WINDOW; ; size = PAGE) {
      const page = await this.dependencies.store.waiting(app, size, after);
      const mine = page.filter((head) => head.hint !== undefined && hints.includes(head.hint));
      for (const head of [...mine, ...page]) {
        const claimed = await this.tryClaim(head, runner);
        if (claimed !== undefined) return claimed;
      }
      if (page.length < size) return undefined;
      after = page.at(-1);
    }
  }

  /** Renews the lease. */
  async heartbeat(id: string, fence: Fence): Promise<HeartbeatReply> {
    const head = await this.move(id, (current, now) => heartbeat(current, fence, now, LEASE_MS));
    return head === undefined ? undefined : { cancelRequested: head.cancelRequested ?? false };
  }

  /** Stores the answer and ends the request. False when the runner had lost it: the answer is dropped. */
  async complete(id: string, fence: Fence, outcome: Outcome, response?: StoredResponse): Promise<boolean> {
    return (await this.move(id, (head, now) => complete(head, fence, outcome, now), response)) !== undefined;
  }

  /** Reports an attempt that failed. The response is kept only when no retry is left. */
  async retry(
    id: string,
    fence: Fence,
    condition: RetryCondition,
    outcome: Outcome,
    { response, forced = false }: { readonly response?: StoredResponse; readonly forced?: boolean } = {},
  ): Promise<RequestHead | undefined> {
    const again = (current: RequestHead, now: number): RequestHead | undefined =>
      retry(current, fence, condition, outcome, now, forced);
    const head = await this.move(id, again, response);
    if (head?.state === 'IN_QUEUE') await this.dependencies.doorbell.ring(head.app);
    return head;
  }

  /** Gives a request back without an attempt charged. */
  async handBack(id: string, fence: Fence): Promise<void> {
    const head = await this.move(id, (current, now) => handBack(current, fence, now));
    if (head?.state === 'IN_QUEUE') await this.dependencies.doorbell.ring(head.app);
  }

  /** Cancels a request. The head says what came of it; `undefined` when there is no such request. */
  async cancel(id: string): Promise<{ readonly head: RequestHead; readonly changed: boolean } | undefined> {
    const changed = await this.move(id, cancel);
    if (changed !== undefined) return { head: changed, changed: true };
    const head = await this.dependencies.store.get(id);
    return head === undefined ? undefined : { head, changed: false };
  }

  /** Does what time asks of one request, without waiting for the sweep. */
  async elapse(id: string): Promise<void> {
    await this.move(id, elapsed);
  }

  /** Sends a dead letter round again. */
  async redrive(id: string): Promise<boolean> {
    const head = await this.move(id, redrive);
    if (head !== undefined) await this.dependencies.doorbell.ring(head.app);
    return head !== undefined;
  }

  /**
   * Does what time asks for: lost leases go back to the queue, passed start deadlines end, waiting requests are rung
   * for again, and what is past its retention is forgotten. Returns the heads that changed.
   */
  async sweep(apps: readonly string[], limit = 500): Promise<readonly RequestHead[]> {
    const { store, clock } = this.dependencies;
    const changed: RequestHead[] = [];
    for (const head of await store.due(clock.now(), limit)) {
      const next = elapsed(head, clock.now());
      if (next !== undefined && (await store.replace(next))) changed.push(next);
    }
    for (const id of await store.expired(clock.now(), limit)) await store.remove(id);
    for (const app of apps) await this.ringForWaiting(app);
    return changed;
  }

  /** Ends the callers' wait for a runner that can't be had: direct calls are not kept in a queue. */
  async giveUpRuns(app: string, outcome: Outcome): Promise<void> {
    for await (const head of this.everyWaiting(app)) {
      if (head.mode === 'run') await this.move(head.id, (current, now) => giveUp(current, outcome, now));
    }
  }

  /**
   * For a platform that has just started and is the only one: whoever held a lease is gone, and so is every caller who
   * waited on a connection. Requests in progress go round again at once.
   */
  async recover(apps: readonly string[]): Promise<void> {
    const { store, clock } = this.dependencies;
    for (const { id, lease } of await store.due(clock.now() + LEASE_MS, Number.MAX_SAFE_INTEGER)) {
      if (lease !== undefined) await this.move(id, abandoned);
    }
    for (const app of apps) await this.giveUpRuns(app, CLIENT_GONE);
  }

  private async *everyWaiting(app: string): AsyncGenerator<RequestHead> {
    let after: RequestHead | undefined;
    do {
      const page = await this.dependencies.store.waiting(app, PAGE, after);
      yield* page;
      after = page.length < PAGE ? undefined : page.at(-1);
    } while (after !== undefined);
  }

  private async tryClaim(head: RequestHead, runner: string): Promise<RequestHead | undefined> {
    if (this.claiming.has(head.id)) return undefined;
    const { store, clock } = this.dependencies;
    const now = clock.now();
    const ended = elapsed(head, now);
    const next = ended ?? claim(head, runner, now, LEASE_MS);
    if (next === undefined) return undefined;
    this.claiming.add(head.id);
    try {
      if (!(await store.replace(next))) return undefined;
      if (ended !== undefined) {
        this.tell(ended);
        return undefined;
      }
      this.held.set(next.id, next);
      return next;
    } finally {
      this.claiming.delete(head.id);
    }
  }

  private async ringForWaiting(app: string): Promise<void> {
    const now = this.dependencies.clock.now();
    const waiting = await this.dependencies.store.waiting(app, PAGE);
    const claimableNow = waiting.filter((head) => claimable(head, head.preferred?.runner ?? '', now)).length;
    if (claimableNow > 0) await this.dependencies.doorbell.ring(app, claimableNow);
  }

  /** Applies a move until it is stored or no longer allowed. */
  private async move(
    id: string,
    transition: (head: RequestHead, now: number) => RequestHead | undefined,
    response?: StoredResponse,
  ): Promise<RequestHead | undefined> {
    const { store, clock } = this.dependencies;
    const held = this.held.get(id);
    for (let head = held ?? (await store.get(id)), fresh = held === undefined; ; fresh = true) {
      const next = head && transition(head, clock.now());
      if (next !== undefined && (await store.replace(next, next.state === 'COMPLETED' ? response : undefined))) {
        this.hold(next);
        this.tell(next);
        return next;
      }
      if (next === undefined && fresh) {
        this.held.delete(id);
        return undefined;
      }
      head = await store.get(id);
    }
  }

  private tell(head: RequestHead): void {
    if (head.state === 'COMPLETED') this.dependencies.onEnded?.(head);
  }

  /** Only what was claimed here: others write the rest. */
  private hold(head: RequestHead): void {
    if (head.state !== 'IN_PROGRESS') this.held.delete(head.id);
    else if (this.held.has(head.id)) this.held.set(head.id, head);
  }
}
