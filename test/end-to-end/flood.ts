/** The flood of `apps/live.py`: a thousand messages, more than any buffer on the way holds. */
import { createHash } from 'node:crypto';
import type { WebSocketCaller } from './web-socket-caller';

const MESSAGES = 1000;

/** A digest of what a caller gets who takes nothing from the network for a while. */
export async function floodReadSlowly(caller: WebSocketCaller): Promise<string> {
  caller.socket.pause();
  const first = caller.next();
  caller.socket.resume();
  const hash = createHash('sha256').update(await first);
  for (let number = 1; number < MESSAGES; number++) hash.update(await caller.next());
  return hash.digest('hex');
}

/** The digest of all that is sent, in order. */
export function wholeFlood(): string {
  const hash = createHash('sha256');
  for (let number = 0; number < MESSAGES; number++) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    hash.update(`bytes ${bytes.toString('hex').repeat(4096)}`);
  }
  return hash.digest('hex');
}
