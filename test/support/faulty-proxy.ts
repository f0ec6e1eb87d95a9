/** A way to an emulator on which things go wrong: answers are lost or late, requests are throttled. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `lost`: the request was done, its connection breaks. `late`: it was done, its answer never comes. */
export type Fault = 'none' | 'lost' | 'late' | 'throttled';

export interface FaultyProxy {
  readonly endpoint: string;
  /** Decides about each call, by the name of the operation (`PutItem`). */
  fault: (operation: string) => Fault;
  stop(): Promise<void>;
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const server = createServer((incoming, outgoing) => {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    void answer(target, incoming, outgoing, proxy.fault(operation));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => 'none',
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** The first `count` calls of the operation have the fault, the others none. */
export function first(count: number, operation: string, fault: Fault): FaultyProxy['fault'] {
  let left = count;
  return (called) => (called === operation && left-- > 0 ? fault : 'none');
}

async function answer(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault,
): Promise<void> {
  const sent = await bytesOf(incoming);
  if (fault === 'throttled') {
    outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    outgoing.end(
      JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'Slow down' }),
    );
    return;
  }
  const { status, headers, body } = await forwarded(target, incoming, sent);
  if (fault === 'lost') outgoing.destroy();
  if (fault !== 'none') return;
  outgoing.writeHead(status, headers);
  outgoing.end(body);
}

function forwarded(
  target: string,
  { method, url = '/', headers }: IncomingMessage,
  sent: Buffer,
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const onward = request(new URL(url, target), { method, headers }, (answered) => {
      const { statusCode: status = 500, headers: given } = answered;
      bytesOf(answered).then((body) => {
        resolve({ status, headers: given, body });
      }, reject);
    });
    onward.once('error', reject);
    onward.end(sent);
  });
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
