import type { RequestHead } from '../domain/request';
import type { Body, RequestInput, StoredResponse } from '../ports';

/** Requests kept. At about 1 KB a head and two bodies of `LARGEST_BODY`, 40 MB at the very most. */
const KEPT = 4_096;

/** A larger body is read again from the disk: for it, that is a small part of the work. */
const LARGEST_BODY = 4_096;

/** A request as far as it is known: what a submission or an answer brings with it. */
export interface RequestRecord {
  readonly head: RequestHead;
  readonly input?: RequestInput;
  readonly response?: StoredResponse;
}

interface Recent extends RequestRecord {
  /** Its event log is known to be empty. */
  readonly silent: boolean;
}

/**
 * The requests that were written last. Whoever follows a request asks for its head at every step, its runner for its
 * input, its caller for the response; this saves most of those reads. It may serve them because nothing else writes to the
 * database.
 */
export class RecentRequests {
  private readonly records = new Map<string, Recent>();

  get(id: string): RequestRecord | undefined {
    return this.records.get(id);
  }

  /** Takes note of a newer head, and of what came with it. */
  put({ head, input, response }: RequestRecord): void {
    const known = this.records.get(head.id);
    this.records.delete(head.id);
    this.records.set(head.id, {
      ...known,
      head,
      silent: known?.silent ?? head.version === 1,
      ...(isSmall(input) ? { input } : {}),
      ...(isSmall(response) ? { response } : {}),
    });
    if (this.records.size > KEPT) this.forget(this.records.keys().next().value ?? '');
  }

  /** True when the request was made here and nothing was said of it since. */
  isSilent(id: string): boolean {
    return this.records.get(id)?.silent ?? false;
  }

  /** Its event log is empty no more. */
  speaks(id: string): void {
    const known = this.records.get(id);
    if (known !== undefined) this.records.set(id, { ...known, silent: false });
  }

  forgetInput(id: string): void {
    const known = this.records.get(id);
    if (known === undefined) return;
    const { input: _forgotten, ...rest } = known;
    this.records.set(id, rest);
  }

  forget(id: string): void {
    this.records.delete(id);
  }
}

function isSmall(part: { readonly body: Body } | undefined): boolean {
  return part !== undefined && 'bytes' in part.body && part.body.bytes.length <= LARGEST_BODY;
}
