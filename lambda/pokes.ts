/** Tells the controller about requests that no runner is free for, so that it need not wait for its next tick. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ControlMessage } from '../runtime/aws-messages';
import type { AppRecord } from '../runtime/domain/app';
import type { Clock, RequestStore, RunnerRegistry } from '../runtime/ports';

export interface PokesOptions {
  readonly requests: RequestStore;
  readonly runners: RunnerRegistry;
  readonly clock: Clock;
  readonly send: (message: ControlMessage) => Promise<void>;
}

/** How often an app is looked at, and poked for, at most: once in this time by each gateway. */
const LOOK_MS = 1_000;

export class Pokes {
  private readonly looks = new Map<string, Look>();

  constructor(private readonly options: PokesOptions) {}

  /** The app was changed: its settings, its revision, or one of its runners. */
  async changed(app: string): Promise<void> {
    await this.options.send({ kind: 'poke', app });
  }

  /** A request of the app was submitted. Sends a poke when it is likely to find no free runner. */
  async submitted(app: AppRecord): Promise<void> {
    const look = this.look(app);
    const free = await look.free;
    look.submitted += 1;
    if (look.poked || look.submitted <= free) return;
    look.poked = true;
    await this.options.send({ kind: 'poke', app: app.id });
  }

  private look(app: AppRecord): Look {
    const now = this.options.clock.now();
    const last = this.looks.get(app.id);
    if (last !== undefined && now < last.until) return last;
    const look = { until: now + LOOK_MS, free: this.freeSlots(app), submitted: 0, poked: false };
    this.looks.set(app.id, look);
    return look;
  }

  /** Slots of READY runners that no request has or waits for. The request just submitted is not counted. */
  private async freeSlots({ id, revision, spec }: AppRecord): Promise<number> {
    const { runners, requests, clock } = this.options;
    const [ready, backlog] = await Promise.all([
      runners.readySet(id, revision).then((set) => set.runners.length),
      requests.backlog(id, clock.now()),
    ]);
    if (ready === 0) return 0;
    return ready * spec.max_multiplexing - backlog.inProgress - Math.max(0, backlog.waiting - 1);
  }
}

interface Look {
  readonly until: number;
  readonly free: Promise<number>;
  /** Requests that came since. */
  submitted: number;
  poked: boolean;
}

export function toControlQueue(client: SQSClient, QueueUrl: string): PokesOptions['send'] {
  return async (message) => {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
  };
}
