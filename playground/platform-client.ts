/** The calls that the page makes to the platform it came from: fal's queue API, and where the apps are listed. */
import { eventsOf } from './event-stream';

export interface RequestStatus {
  readonly status: string;
  readonly queue_position?: number;
  readonly logs?: readonly { readonly message: string }[];
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A refusal of the platform's, in its own words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(wordsOf(body) ?? `The platform answered ${status}`);
  }
}

export class PlatformClient {
  /** `key` is asked for at every call: it may be typed meanwhile. */
  constructor(private readonly key: () => string) {}

  async apps(): Promise<readonly string[]> {
    const { apps } = (await this.json('/rest/admin/apps')) as { readonly apps: readonly { readonly id: string }[] };
    return apps.map(({ id }) => id);
  }

  /** The app's OpenAPI document. The app answers it itself, so this starts a runner when there is none. */
  schema(app: string): Promise<unknown> {
    return this.json(`/run/${app}/openapi.json`);
  }

  async submit(endpoint: string, input: unknown): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(input);
    const submitted = await this.json(`/queue/${endpoint}`, { method: 'POST', headers, body });
    return (submitted as { readonly request_id: string }).request_id;
  }

  /** Yields each change until the request has ended. Where a stream ends before that, it is taken up again. */
  async *follow(app: string, id: string): AsyncGenerator<RequestStatus> {
    for (;;) {
      const response = await this.fetch(`/queue/${app}/requests/${id}/status/stream?logs=1`);
      for await (const data of response.body === null ? [] : eventsOf(response.body)) {
        const status = JSON.parse(data) as RequestStatus;
        yield status;
        if (status.status === 'COMPLETED') return;
      }
    }
  }

  /** What the app answered, an error of its own as well. */
  async answer(app: string, id: string): Promise<Answer> {
    try {
      return { status: 200, body: await this.json(`/queue/${app}/requests/${id}`) };
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, body: error.body };
      throw error;
    }
  }

  async cancel(app: string, id: string): Promise<void> {
    await this.fetch(`/queue/${app}/requests/${id}/cancel`, { method: 'PUT' });
  }

  /** Resolves with the URL to give to an app. */
  async upload(file: File): Promise<string> {
    const type = file.type === '' ? 'application/octet-stream' : file.type;
    const place = (await this.json('/rest/storage/upload/initiate?storage_type=fal-cdn-v3', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content_type: type, file_name: file.name }),
    })) as { readonly upload_url: string; readonly file_url: string };
    // The address is signed, and maybe another host's: the key stays here.
    const stored = await fetch(place.upload_url, { method: 'PUT', headers: { 'content-type': type }, body: file });
    if (!stored.ok) throw new Refusal(stored.status, await readable(stored));
    return place.file_url;
  }

  private async json(path: string, init?: RequestInit): Promise<unknown> {
    return readable(await this.fetch(path, init));
  }

  private async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const key = this.key();
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(key === '' ? {} : { authorization: `Key ${key}` }),
    };
    const response = await fetch(path, { ...init, headers });
    if (!response.ok) throw new Refusal(response.status, await readable(response));
    return response;
  }
}

async function readable(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `detail` is a sentence, or a list of what is wrong with each field. */
function wordsOf(body: unknown): string | undefined {
  const { detail } = (body ?? {}) as { readonly detail?: unknown };
  if (typeof detail === 'string') return detail;
  if (detail !== undefined) return JSON.stringify(detail);
  return typeof body === 'string' && body !== '' ? body : undefined;
}
