/** An app that needs nothing installed: an HTTP server that holds its requests until a file is there. */
import { createServer, type AddressInfo } from 'node:net';
import { Sgpu, type SgpuOptions } from '../end-to-end/sgpu-program';
import type { TestFolder } from '../end-to-end/test-folder';

const SERVER = `
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';

createServer(async (request, response) => {
  console.log('asked for', request.url);
  const gate = new URL(request.url, 'http://app').searchParams.get('gate');
  while (gate && !existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 20));
  const variable = request.url.startsWith('/environment/') ? process.env[request.url.slice(13)] : undefined;
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ path: request.url, variable }));
}).listen(Number(process.argv[2]), '127.0.0.1');
`;

/** `sgpu run` with this server as the app `local/plain`, of which there is one runner at most. */
export async function servePlain(
  folder: TestFolder,
  args: readonly string[] = [],
  options: Partial<SgpuOptions> = {},
): Promise<Sgpu> {
  const port = await freePort();
  const command = `'${process.execPath}' '${folder.write('server.mjs', SERVER)}' ${port}`;
  return Sgpu.serve(['--exec', command, '--app-port', String(port), '--name', 'plain', ...args], {
    folder: folder.path,
    ...options,
  });
}

/** Free a moment ago: the server has its port from its command, so the system can't choose it. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
