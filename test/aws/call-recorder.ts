/** Stands between the code and the emulators: forwards every AWS call and writes down what it asked for. */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { readCall, type AccountOfCalls, type RecordedCall, type WireRequest } from './recorded-call';

export interface CallRecorderOptions extends AccountOfCalls {
  /** Where calls go: by service as the signature names it (`ecs`), else to `default`. */
  readonly endpoints: Readonly<Record<string, string>> & { readonly default: string };
}

/** Told of each call around its forwarding; measures what it costs. */
export interface CallMeter {
  /** Called before the call is forwarded; what it resolves with is called with the answer's body. */
  begin(request: WireRequest): Promise<((answer: Buffer) => Promise<void>) | undefined>;
}

export class CallRecorder {
  readonly calls: RecordedCall[] = [];
  /** Set while what calls cost is measured. */
  meter: CallMeter | undefined;

  private constructor(
    private readonly options: CallRecorderOptions,
    readonly endpoint: string,
    private readonly close: () => Promise<void>,
  ) {}

  static async start(options: CallRecorderOptions): Promise<CallRecorder> {
    const server = createServer((incoming, outgoing) => void recorder.handle(incoming, outgoing));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const recorder: CallRecorder = new CallRecorder(options, `http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });
    return recorder;
  }

  stop(): Promise<void> {
    return this.close();
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const wire = { method: incoming.method ?? 'GET', target: incoming.url ?? '/', headers: incoming.headers, body };
    this.calls.push(...readCall(wire, this.options, Date.now()));
    const measured = await this.meter?.begin(wire);
    this.forward(wire, body, outgoing, measured);
  }

  private forward(
    { method, target, headers }: Wire,
    body: Buffer,
    outgoing: ServerResponse,
    measured: ((answer: Buffer) => Promise<void>) | undefined,
  ): void {
    const onward = forward(new URL(target, this.endpointOf(headers, target)), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (measured === undefined) answer.pipe(outgoing);
      else
        void buffer(answer)
          .then(async (content) => {
            await measured(content);
            outgoing.end(content);
          })
          .catch(() => outgoing.destroy());
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    onward.end(body);
  }

  private endpointOf(headers: Wire['headers'], target: string): string {
    const credential = `${String(headers.authorization)} ${decodeURIComponent(target)}`;
    const service = /Credential=[^/]+\/\d+\/[^/]+\/([a-z0-9-]+)\/aws4_request/.exec(credential)?.[1] ?? '';
    return this.options.endpoints[service] ?? this.options.endpoints.default;
  }
}

interface Wire {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
}
