import { createServer, type AddressInfo } from 'node:net';

/** Free a moment ago: for servers that have their port from their command or code, so the system can't choose it. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
