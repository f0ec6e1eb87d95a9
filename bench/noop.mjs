/** The request that everybody answers, and the apps that do nothing else. */
import { fileURLToPath } from 'node:url';
import { HttpClient } from './http-client.mjs';
import { freePort, ServerProcess } from './processes.mjs';

export const INPUT = { prompt: 'a red fox in the snow' };

/** The command that serves at `$PORT`. */
export const BARE_SERVER = fileURLToPath(new URL('apps/server.mjs', import.meta.url));

/** The fal.App. */
export const FAL_APP = fileURLToPath(new URL('apps/noop.py', import.meta.url));

/** Resolves with the URL of a bare server. */
export async function startBareServer(stops) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = new ServerProcess(process.execPath, [BARE_SERVER], { env: { PORT: String(port) } });
  const client = new HttpClient(url);
  stops.push(
    () => server.stop(),
    () => client.close(),
  );
  await server.answers(() => client.post('/', INPUT));
  return url;
}
