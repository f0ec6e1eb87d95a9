/** Stands in for the daemon of AWS X-Ray: takes segments by UDP, as the SDK sends them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { VARIABLE } from '../../runtime/aws-layout';

export interface SentSegment {
  readonly name: string;
  readonly trace_id: string;
  readonly parent_id: string;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly error?: boolean;
  readonly fault?: boolean;
  readonly throttle?: boolean;
  readonly cause?: { readonly exceptions: readonly { readonly message: string }[] };
}

export class TraceDaemon {
  private readonly segments: SentSegment[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('message', (message) => {
      // A header of one line, then the segment.
      const [, segment = ''] = message.toString().split('\n', 2);
      this.segments.push(JSON.parse(segment) as SentSegment);
    });
  }

  static async start(): Promise<TraceDaemon> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new TraceDaemon(socket);
  }

  /** What a function that is traced has in its environment: by Lambda, and by the template. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: '/var/task',
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${this.socket.address().port}`,
      [VARIABLE.tracing]: 'true',
    };
  }

  /** Waits until so many have come. In the order of their traces: UDP keeps none. */
  async sent(count: number): Promise<readonly SentSegment[]> {
    while (this.segments.length < count) await once(this.socket, 'message');
    return this.segments.toSorted((a, b) => (a.trace_id < b.trace_id ? -1 : 1));
  }

  stop(): void {
    this.socket.close();
  }
}
