import type { RequestHead } from '../domain/request';
import type { Body, RequestInput, StoredResponse } from '../ports';

/** Requests kept: at about 1 KB a head, a few MB. */
const KEPT = 4_096;

/** A larger body is read again from the disk: for it, that is a small part of the work. */
const LARGEST_BODY = 4_096;

/** A request as far as it is known: what a submission or an answer brings with it. */
export interface RequestRecord {
  readonly head: RequestHead;
  readonly input?: RequestInput;
  readonly response?: StoredResponse;
}

interface Recent {
  head: RequestHead;
  input: RequestInput | undefined;
  response: StoredResponse | undefined;
  /** Its event log is known to be empty. */
  silent: boolean;
}

/**
 * The requests that were written last. Whoever follows a request asks for its head at every step; its input and its
 * response are mostly read once, by its runner and by its caller, and kept until then. This saves most reads. It may serve
 * them because nothing else writes to the database.
 */
export class RecentRequests {
  private readonly requests = new Map<string, Recent>();

  head(id: string): RequestHead | undefined {
    return this.requests.get(id)?.head;
  }

  /** Takes note of a newer head, and of what came with it. */
  put({ head, input, response }: RequestRecord): void {
    const recent = this.requests.get(head.id) ?? startOf(head);
    recent.head = head;
    if (isSmall(input)) recent.input = input;
    if (isSmall(response)) recent.response = response;
    this.requests.delete(head.id);
    this.requests.set(head.id, recent);
    if (this.requests.size > KEPT) this.forget(this.requests.keys().next().value ?? '');
  }

  /** The input if it was not taken before. */
  takeInput(id: string): RequestInput | undefined {
    const recent = this.requests.get(id);
    const input = recent?.input;
    if (recent !== undefined) recent.input = undefined;
    return input;
  }

  /** The response if it was not taken before. */
  takeResponse(id: string): StoredResponse | undefined {
    const recent = this.requests.get(id);
    const response = recent?.response;
    if (recent !== undefined) recent.response = undefined;
    return response;
  }

  /** True when the request was made here and nothing was said of it since. */
  isSilent(id: string): boolean {
    return this.requests.get(id)?.silent ?? false;
  }

  /** Its event log is empty no more. */
  speaks(id: string): void {
    const recent = this.requests.get(id);
    if (recent !== undefined) recent.silent = false;
  }

  forget(id: string): void {
    this.requests.delete(id);
  }
}

function startOf(head: RequestHead): Recent {
  return { head, input: undefined, response: undefined, silent: head.version === 1 };
}

function isSmall(part: { readonly body: Body } | undefined): boolean {
  return part !== undefined && 'bytes' in part.body && part.body.bytes.length <= LARGEST_BODY;
}
