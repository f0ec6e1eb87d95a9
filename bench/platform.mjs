/** The platform, and the three ways to an answer: the app itself, `/run`, and the queue. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HttpClient } from './http-client.mjs';
import { load } from './load.mjs';
import { BARE_SERVER, FAL_APP, INPUT } from './noop.mjs';
import { freePort, ServerProcess, together } from './processes.mjs';

const SGPU = fileURLToPath(new URL('../assets/sgpu/sgpu.mjs', import.meta.url));

/** With a bare HTTP server as the app: the platform's own cost. */
export const bareServer = {
  name: 'sgpu, bare HTTP server',
  prepare: async () => undefined,
  start: async () => {
    const port = await freePort();
    const command = ['--exec', `exec "${process.execPath}" "${BARE_SERVER}"`, '--app-port', String(port)];
    const settings = ['--name', 'bare', '--max-multiplexing', '64', '--min-concurrency', '1'];
    return startPlatform('local/bare', [...command, ...settings], async () => `http://127.0.0.1:${port}`);
  },
};

/** With a fal.App that does nothing: the platform and its Python side. */
export const falApp = {
  name: 'sgpu, fal.App',
  prepare: async () => undefined,
  start: () => startPlatform('local/noop', [FAL_APP], addressOfApp),
};

async function addressOfApp(platform) {
  const { url } = JSON.parse(await platform.post('/run/local/noop/address', {}));
  return url;
}

function startPlatform(app, args, addressOf) {
  return together(async (stops) => {
    const state = await mkdtemp(join(tmpdir(), 'sgpu-bench-'));
    stops.push(() => rm(state, { recursive: true, force: true }));
    const command = [...NODE_OPTIONS, SGPU, 'run', ...args, '--port', '0', '--state', state];
    const server = new ServerProcess(process.execPath, command);
    stops.push(() => server.stop());
    const [, url] = await server.printed(/ at (http:\S+)/);
    const platform = new HttpClient(url);
    stops.push(() => platform.close());
    await server.answers(() => platform.post(`/run/${app}`, INPUT), STARTUP_LIMIT_MS);
    const direct = new HttpClient(await addressOf(platform));
    stops.push(() => direct.close());
    return {
      direct: (options) => load(() => direct.post('/', INPUT), options),
      run: (options) => load(() => platform.post(`/run/${app}`, INPUT), options),
      queue: (options) => load(() => submitAndWait(platform, app), options),
    };
  });
}

/** Options of Node for the platform's process, to profile it: `BENCH_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=DIR'`. */
const NODE_OPTIONS = process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [];

/** A Python environment may have to be made first. */
const STARTUP_LIMIT_MS = 300_000;

/** What fal's clients do to subscribe by streaming: submit, follow the status to its end, fetch the result. */
async function submitAndWait(client, app) {
  const { request_id: id } = JSON.parse(await client.post(`/queue/${app}`, INPUT));
  const request = `/queue/${app}/requests/${id}`;
  const events = await client.get(`${request}/status/stream`);
  if (!events.includes('"COMPLETED"')) throw new Error(`The status stream of ${id} ended early`);
  return client.get(request);
}
