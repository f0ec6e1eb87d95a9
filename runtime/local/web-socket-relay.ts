/** Callers' WebSockets on one machine, where gateway and agents are one process. */
import type { CallerSocket, GatewayRelay, RunnerRelay } from '../ports';

export class LocalWebSocketRelay implements GatewayRelay, RunnerRelay {
  private readonly waiting = new Map<string, CallerSocket>();

  offer(request: string, caller: CallerSocket): Promise<void> {
    this.waiting.set(request, caller);
    return Promise.resolve();
  }

  withdraw(request: string): Promise<void> {
    this.waiting.delete(request);
    return Promise.resolve();
  }

  join(request: string): Promise<CallerSocket | undefined> {
    return Promise.resolve(this.waiting.get(request));
  }

  leave(): void {
    // The caller is the gateway's.
  }
}
