/** Reads a request for a caller. Expired ones and other people's don't exist. */
import { elapsed, type RequestHead } from '../domain/request';
import { mayRead } from './access';
import type { Caller } from './authentication';
import type { GatewayDependencies } from './dependencies';
import { unknownRequest } from './errors';

export class RequestReader {
  constructor(private readonly dependencies: GatewayDependencies) {}

  /** Throws 404 unless there is such a request for this caller. */
  async read(id: string, caller: Caller | undefined): Promise<RequestHead> {
    const head = await this.dependencies.requests.get(id);
    const now = this.dependencies.clock.now();
    if (head === undefined || (head.expiresAt ?? Infinity) <= now || !mayRead(caller, head)) throw unknownRequest();
    return timely(head, now);
  }
}

/** A waiting request whose start deadline has passed is over, whether or not anybody has written it down yet. */
export function timely(head: RequestHead, now: number): RequestHead {
  return head.state === 'IN_QUEUE' ? (elapsed(head, now) ?? head) : head;
}
