/** A peer that is called directly: an HTTP server with `POST /`. */
import { HttpClient } from '../http-client.mjs';
import { load } from '../load.mjs';
import { INPUT } from '../noop.mjs';
import { freePort, ServerProcess, together } from '../processes.mjs';

/** `launch` says how the server is started on a port. */
export function serveDirectly(launch) {
  return together(async (stops) => {
    const port = await freePort();
    const { command, args, ...surroundings } = launch(port);
    const server = new ServerProcess(command, args, surroundings);
    const client = new HttpClient(`http://127.0.0.1:${port}`);
    stops.push(
      () => server.stop(),
      () => client.close(),
    );
    const call = () => client.post('/', INPUT);
    await server.answers(call, STARTUP_LIMIT_MS);
    return { direct: (options) => load(call, options) };
  });
}

const STARTUP_LIMIT_MS = 120_000;
