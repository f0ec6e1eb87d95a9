/** A caller's WebSocket as its runner has it: through the gateway to which the caller is connected. */
import type { CallerSocket, RefusedHandshake, WebSocketClose, WebSocketMessage } from '../ports';
import { decoded, encoded, LEFT, type RelayFrame } from '../relay-wire';
import type { MessageSocket } from '../web-socket';

const BROKEN_OFF: WebSocketClose = { code: 1006, reason: '' };

export class RelayedCaller implements CallerSocket {
  readonly closed: Promise<WebSocketClose>;
  readonly #messages = new Handover<WebSocketMessage>();

  constructor(private readonly gateway: MessageSocket) {
    this.closed = this.read().finally(() => {
      this.#messages.end();
    });
  }

  accept(protocol?: string): Promise<void> {
    return this.tell({ kind: 'accept', ...(protocol === undefined ? {} : { protocol }) });
  }

  /** Resolves when the gateway has done so: only then may the request end, which closes the connection otherwise. */
  async refuse(answer: RefusedHandshake): Promise<void> {
    await this.tell({ kind: 'refuse', answer });
    await this.closed;
  }

  messages(): AsyncGenerator<WebSocketMessage, void> {
    return this.#messages.taken();
  }

  send(message: WebSocketMessage): Promise<void> {
    return this.tell({ kind: 'message', message });
  }

  /** Resolves when the gateway has done so, behind everything that was sent before. */
  async close(end: WebSocketClose): Promise<void> {
    await this.tell({ kind: 'close', end });
    await this.closed;
  }

  /** Leaves the caller to the gateway. */
  leave(): void {
    this.gateway.close({ code: LEFT, reason: '' });
  }

  private tell(frame: RelayFrame): Promise<void> {
    return this.gateway.send(encoded(frame));
  }

  /** Everything that the gateway says, until the caller has gone. */
  private async read(): Promise<WebSocketClose> {
    try {
      for await (const received of this.gateway.messages()) {
        const frame = decoded(received);
        if (frame.kind === 'closed') return frame.end;
        if (frame.kind === 'message') await this.#messages.give(frame.message);
      }
    } catch {
      this.gateway.close(BROKEN_OFF);
    }
    return BROKEN_OFF;
  }
}

/** One thing after another from a giver to a taker; the giver goes on when the thing is taken. */
class Handover<T> {
  #given: { readonly value: T; readonly taken: () => void } | undefined;
  #ended = false;
  #wake: () => void = () => undefined;

  /** To be called anew when it has resolved. */
  give(value: T): Promise<void> {
    return new Promise((taken) => {
      this.#given = { value, taken };
      this.#wake();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *taken(): AsyncGenerator<T, void> {
    for (;;) {
      if (this.#given !== undefined) {
        const { value, taken } = this.#given;
        this.#given = undefined;
        taken();
        yield value;
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
