/** fal's queue API and the platform's own by plain HTTP, for tests that look at what clients hide. */
import { eventually } from '../contract/eventually';
import type { Decision } from '../../runtime/domain/app';
import type { RunnerRecord } from '../../runtime/domain/runner';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** A request may wait for the end of a back-off, and for two slow processors. */
const PATIENCE_MS = 55_000;

/** Calls one app of the platform at `url`, which may be another after a restart. */
export class QueueCalls {
  constructor(
    private readonly url: () => string,
    private readonly app: string,
  ) {}

  run(input: unknown): Promise<Answer> {
    return this.post(`/run/${this.app}`, input);
  }

  submit(input: unknown, query = ''): Promise<Answer> {
    return this.post(`/queue/${this.app}${query}`, input);
  }

  /** The id of a request that was accepted. */
  async accepted(input: unknown, query = ''): Promise<string> {
    const { status, body } = await this.submit(input, query);
    if (status !== 200) throw new Error(`Refused with ${status}: ${JSON.stringify(body)}`);
    return (body as { request_id: string }).request_id;
  }

  async status(id: string): Promise<string> {
    const { body } = await this.get(`/queue/${this.app}/requests/${id}/status`);
    return (body as { status: string }).status;
  }

  result(id: string): Promise<Answer> {
    return this.get(`/queue/${this.app}/requests/${id}`);
  }

  /** The result, once there is one. */
  async finished(id: string): Promise<Answer> {
    await eventually(async () => {
      const status = await this.status(id);
      if (status !== 'COMPLETED') throw new Error(`${id} is ${status}`);
    }, PATIENCE_MS);
    return this.result(id);
  }

  /** Why there were more or fewer runners, oldest first. */
  async reasons(): Promise<readonly string[]> {
    const { body } = await this.get(`/rest/admin/apps/${this.app}/decisions?limit=1000`);
    const { decisions } = body as { decisions: readonly Decision[] };
    return decisions.map(({ reason }) => reason).reverse();
  }

  async runners(): Promise<readonly RunnerRecord[]> {
    const { body } = await this.get(`/rest/admin/apps/${this.app}/runners`);
    return (body as { runners: readonly RunnerRecord[] }).runners;
  }

  private get(path: string): Promise<Answer> {
    return this.call(path, {});
  }

  private post(path: string, input: unknown): Promise<Answer> {
    return this.call(path, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: { 'content-type': 'application/json' },
    });
  }

  private async call(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url() + path, init);
    return { status: response.status, body: await response.json(), headers: response.headers };
  }
}
