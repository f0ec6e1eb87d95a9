/** A `RequestStore` of maps: the shortest thing that keeps the contract, for tests of what stands above the port. */
import { dueAt, queueOrder, webhookDueAt, type RequestHead } from '../../runtime/domain/request';
import type {
  Backlog,
  EventCursor,
  RequestEvent,
  RequestInput,
  RequestStore,
  StoredEvent,
  StoredResponse,
} from '../../runtime/ports';
import { waitUntil } from './waiters';

export class MemoryRequestStore implements RequestStore {
  private readonly heads = new Map<string, RequestHead>();
  private readonly inputs = new Map<string, RequestInput>();
  private readonly responses = new Map<string, StoredResponse>();
  private readonly logs = new Map<string, Map<string, StoredEvent>>();
  private readonly watchers = new Map<string, Set<() => void>>();

  async create(head: RequestHead, input: RequestInput): Promise<boolean> {
    if (this.heads.has(head.id)) return false;
    this.heads.set(head.id, head);
    this.inputs.set(head.id, input);
    return true;
  }

  async get(id: string): Promise<RequestHead | undefined> {
    return this.heads.get(id);
  }

  async replace(next: RequestHead, response?: StoredResponse): Promise<boolean> {
    if (this.heads.get(next.id)?.version !== next.version - 1) return false;
    this.heads.set(next.id, next);
    if (response !== undefined) this.responses.set(next.id, response);
    this.tell(next.id);
    return true;
  }

  async remove(id: string): Promise<void> {
    for (const part of [this.heads, this.inputs, this.responses, this.logs]) part.delete(id);
    this.tell(id);
  }

  async input(id: string): Promise<RequestInput | undefined> {
    return this.inputs.get(id);
  }

  async discardInput(id: string): Promise<void> {
    this.inputs.delete(id);
  }

  async response(id: string): Promise<StoredResponse | undefined> {
    return this.responses.get(id);
  }

  async waiting(
    app: string,
    limit: number,
    after?: Pick<RequestHead, 'priority' | 'id'>,
  ): Promise<readonly RequestHead[]> {
    const behind = this.queue(app).filter((head) => after === undefined || queueOrder(head, after) > 0);
    return behind.slice(0, limit);
  }

  async position(head: RequestHead): Promise<number> {
    return this.queue(head.app).filter((other) => queueOrder(other, head) < 0).length;
  }

  async backlog(app: string, submittedUntil: number): Promise<Backlog> {
    const queue = this.queue(app);
    const submissions = queue.map((head) => head.submittedAt);
    return {
      waiting: queue.length,
      waitingSince: submissions.filter((at) => at <= submittedUntil).length,
      ...(queue.length === 0 ? {} : { oldestWaitingAt: Math.min(...submissions) }),
      inProgress: this.all().filter((head) => head.app === app && head.state === 'IN_PROGRESS').length,
    };
  }

  async due(now: number, limit: number): Promise<readonly RequestHead[]> {
    return this.dueBy(dueAt, now, limit);
  }

  async webhooksDue(now: number, limit: number): Promise<readonly RequestHead[]> {
    return this.dueBy(webhookDueAt, now, limit);
  }

  async expired(now: number, limit: number): Promise<readonly string[]> {
    const past = this.all().filter((head) => head.state === 'COMPLETED' && (head.expiresAt ?? Infinity) <= now);
    return past.slice(0, limit).map((head) => head.id);
  }

  async list(app: string, limit: number, before?: string): Promise<readonly RequestHead[]> {
    const older = this.all().filter((head) => head.app === app && (before === undefined || head.id < before));
    return older.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  }

  async appendEvents(id: string, attempt: number, first: number, events: readonly RequestEvent[]): Promise<void> {
    const log = this.logs.get(id) ?? new Map<string, StoredEvent>();
    events.forEach((event, index) => {
      const number = first + index;
      const key = `${attempt}/${number}`;
      if (!log.has(key)) log.set(key, { ...event, attempt, number });
    });
    this.logs.set(id, log);
    this.tell(id);
  }

  async events(id: string, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]> {
    const order = (a: EventCursor, b: EventCursor): number => a.attempt - b.attempt || a.number - b.number;
    const log = [...(this.logs.get(id)?.values() ?? [])].sort(order);
    return log.filter((event) => after === undefined || order(event, after) > 0).slice(0, limit);
  }

  async changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const watchers = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, watchers);
    await waitUntil(watchers, timeoutMs, signal);
  }

  /** Every head there is, for assertions. */
  all(): RequestHead[] {
    return [...this.heads.values()];
  }

  private queue(app: string): RequestHead[] {
    return this.all()
      .filter((head) => head.app === app && head.state === 'IN_QUEUE')
      .sort(queueOrder);
  }

  private dueBy(at: (head: RequestHead) => number | undefined, now: number, limit: number): RequestHead[] {
    const due = this.all().filter((head) => (at(head) ?? Infinity) <= now);
    return due.sort((a, b) => (at(a) ?? 0) - (at(b) ?? 0)).slice(0, limit);
  }

  private tell(id: string): void {
    for (const wake of this.watchers.get(id) ?? []) wake();
  }
}
