import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../environments.mjs';
import { FAL_APP } from '../noop.mjs';
import { freePort } from '../processes.mjs';
import { serveDirectly } from './direct-peer.mjs';

/** The version that the platform serves with (runner-image/python/requirements.txt). */
const PACKAGES = ['fal==1.83.0'];

/** The same fal.App as on the platform, under the `serve()` that fal itself starts in a runner. */
export const falServe = {
  name: 'fal 1.83.0, `serve()`',
  prepare: async () => ({ bin: await pythonEnvironment(PACKAGES), metricsPort: await freePort() }),
  start: ({ bin, metricsPort }) =>
    serveDirectly((port) => ({
      command: `${bin}/python`,
      args: [SERVER, FAL_APP, String(port), String(metricsPort)],
    })),
};

const SERVER = fileURLToPath(new URL('fal_serve_server.py', import.meta.url));
