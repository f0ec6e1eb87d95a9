/** HTTPS in front of a function, as its URL has it: fal's Python client speaks nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, type Duplex } from 'node:stream';
import { developmentCertificate } from '../../daemon/development-certificate';

export interface TlsFront {
  /** `https://localhost:1234`. */
  readonly url: string;
  /** What clients must trust. */
  readonly caPath: string;
  close(): Promise<void>;
}

/** `target` may be known later than the front: before the first request. */
export async function tlsFront(target: string | (() => string)): Promise<TlsFront> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const { caPath, key, cert } = await developmentCertificate(folder);
  // Not 1.3, with which fal's Python client may hang: see daemon/http-server.ts.
  const server = createServer({ key, cert, maxVersion: 'TLSv1.2' }, (request, response) => {
    const { method, url, headers } = request;
    const sent = forward(`${typeof target === 'string' ? target : target()}${url ?? '/'}`, {
      method,
      headers: { ...headers, 'x-forwarded-proto': 'https' },
    });
    sent.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.once('error', () => response.destroy());
    request.pipe(sent);
  });
  server.on('upgrade', ({ method, url, headers }, socket: Duplex, head: Buffer) => {
    const sent = forward(`${typeof target === 'string' ? target : target()}${url ?? '/'}`, { method, headers });
    sent.once('upgrade', (answer, upgraded: Duplex, first: Buffer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines(answer.rawHeaders)}\r\n`);
      upgraded.unshift(first);
      socket.unshift(head);
      pipeline(socket, upgraded, socket, () => undefined);
    });
    sent.once('response', (answer) => {
      socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines(answer.rawHeaders)}\r\n`);
      answer.pipe(socket);
    });
    for (const end of [socket, sent]) end.once('error', () => socket.destroy());
    sent.end();
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    caPath,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

function lines(rawHeaders: readonly string[]): string {
  return rawHeaders
    .map((text, index) => (index % 2 === 0 ? `${text}: ${rawHeaders[index + 1] ?? ''}\r\n` : ''))
    .join('');
}
