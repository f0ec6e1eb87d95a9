/** Calls the admin API of a platform; what it refuses becomes a message with its mend. */
import { UserError } from '../runtime/domain/user-error';

export interface AdminClientOptions {
  readonly url: string;
  readonly key?: string;
  /** How to get the platform going when it does not answer. */
  readonly mend: string;
  /** Write a line for each call to stderr. */
  readonly verbose: boolean;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Loading an app's image must not matter here: the admin API answers from stores. */
const TIMEOUT_MS = 60_000;

export class AdminClient {
  constructor(private readonly options: AdminClientOptions) {}

  get url(): string {
    return this.options.url;
  }

  /** The answer to a call below `/rest/admin`. */
  async call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    return this.request(method, `/rest/admin${path}`, body);
  }

  /** Whose key is used. */
  async caller(): Promise<{ readonly user_id: string; readonly scope: string }> {
    return this.request('GET', '/rest/users/current');
  }

  /** A call about one app. */
  async ofApp<Answer>(method: Method, app: string, path: string, body?: object): Promise<Answer> {
    return this.call(method, `/apps/${app.split('/').map(encodeURIComponent).join('/')}${path}`, body);
  }

  private async request<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const started = performance.now();
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (this.options.verbose) {
      console.error(`${method} ${this.url}${path} ${response.status} ${Math.round(performance.now() - started)} ms`);
    }
    const answer = parsed(text);
    if (response.ok && answer !== undefined) return answer as Answer;
    throw refusal(response.status, answer, this.url);
  }

  private async send(method: Method, path: string, body: object | undefined): Promise<Response> {
    const { url, key, mend } = this.options;
    try {
      return await fetch(url + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(key === undefined ? {} : { authorization: `Key ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new UserError(`The platform at ${url} does not answer (${causeOf(error)}): ${mend}`);
    }
  }
}

/** The platform said no, in its own words. */
export class RefusedError extends UserError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function refusal(status: number, answer: unknown, url: string): RefusedError {
  const detail = detailOf(answer);
  if (status === 401) {
    return new RefusedError(
      status,
      `${url} wants another key (${detail}): put an ADMIN key in FAL_KEY, or log in by \`sgpu auth login\``,
    );
  }
  if (status === 403) {
    return new RefusedError(status, `${detail}: put one in FAL_KEY; \`sgpu keys create --scope ADMIN\` makes it`);
  }
  if (answer === undefined) {
    return new RefusedError(status, `${url} answered ${status}, and not as a platform does: check the address`);
  }
  return new RefusedError(status, detail);
}

/** Both of the shapes in which the platform says what is wrong. */
function detailOf(answer: unknown): string {
  const { detail, status } = (answer ?? {}) as { readonly detail?: unknown; readonly status?: unknown };
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) return detail.map((problem: { readonly msg?: string }) => problem.msg).join('; ');
  return typeof status === 'string' ? status : 'no reason given';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? message;
}
