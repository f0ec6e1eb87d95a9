/** What the conformance tests need of a platform, wherever it runs. */
import { eventually } from '../contract/eventually';
import type { TestFolder } from '../end-to-end/test-folder';

/** A runner's start may take its time, on two slow processors as well. */
const PATIENCE_MS = 90_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

interface Call {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ConformancePlatform {
  constructor(
    readonly url: string,
    /** `id:secret`, of the owner. */
    readonly key: string,
    readonly owner: string,
    /** Where the apps leave what they do unasked. */
    readonly folder: TestFolder,
  ) {}

  run(endpoint: string, input: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.post(`/run/${this.owner}/${endpoint}`, input, headers);
  }

  /** Submits to the queue and waits for the end; `app` is the first part of `endpoint`. */
  async queued(endpoint: string, input: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const submitted = await this.post(`/queue/${this.owner}/${endpoint}`, input, headers);
    const { request_id: id, response_url: url } = submitted.body as { request_id: string; response_url: string };
    const { pathname } = new URL(url);
    const status = await eventually(async () => {
      const { body } = await this.call(`${pathname}/status?logs=1`);
      expect(body).toMatchObject({ status: 'COMPLETED' });
      return body as { readonly logs: readonly { readonly message: string }[] };
    }, PATIENCE_MS);
    const { status: code, headers: answered, body } = await this.call(pathname);
    return { id, status: code, headers: answered, body, lines: status.logs.map(({ message }) => message) };
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call(path, { method: 'POST', body: JSON.stringify(body), headers });
  }

  async call(path: string, { headers = {}, ...init }: Call = {}): Promise<Answer> {
    const own = { 'content-type': 'application/json', authorization: `Key ${this.key}` };
    const response = await fetch(this.url + path, { ...init, headers: { ...own, ...headers } });
    return { status: response.status, headers: response.headers, body: jsonOr(await response.text()) };
  }
}

export interface Finished extends Answer {
  readonly id: string;
  /** What the app printed for the request. */
  readonly lines: readonly string[];
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
