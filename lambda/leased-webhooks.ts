/** Webhooks are sent by one invocation at a time: deliveries that two of them begin would reach the receiver twice. */
import type { WebhookDelivery } from '../runtime/controller/webhook-delivery';
import type { ControllerLease, HeldLease } from '../runtime/aws/controller-lease';
import type { Clock, RequestStore } from '../runtime/ports';

export interface LeasedWebhooksOptions {
  readonly delivery: Pick<WebhookDelivery, 'deliverDue' | 'settled'>;
  readonly lease: Pick<ControllerLease, 'take' | 'abandon'>;
  readonly requests: Pick<RequestStore, 'webhooksDue'>;
  readonly clock: Clock;
}

/** Left of an invocation for letting go. */
const MARGIN_MS = 2_000;

export class LeasedWebhooks {
  private held: HeldLease | undefined;
  private deadline = 0;

  constructor(private readonly options: LeasedWebhooksOptions) {}

  /** The invocation that begins ends by then, ms since the epoch. */
  begin(deadline: number): void {
    this.deadline = deadline;
    this.held = undefined;
  }

  /** Starts what is due, unless another invocation is at it. Looking costs an eighth of a lease. */
  async deliverDue(): Promise<void> {
    const { delivery, lease, requests, clock } = this.options;
    if (this.held === undefined && (await requests.webhooksDue(clock.now(), 1)).length === 0) return;
    this.held ??= await lease.take(this.deadline, ['due']);
    if (this.held !== undefined) await delivery.deliverDue();
  }

  /** Resolves when what was started has ended, or when this invocation has to. Deliveries broken off stay due. */
  async settled(): Promise<void> {
    const { delivery, lease, clock } = this.options;
    if (this.held === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<'time is up'>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, this.deadline - MARGIN_MS - clock.now()), 'time is up');
    });
    const ended = await Promise.race([delivery.settled(), timeUp]);
    clearTimeout(timer);
    // What still runs is nobody else's before the lease ends by itself.
    if (ended !== 'time is up') await lease.abandon(this.held);
    this.held = undefined;
  }
}
