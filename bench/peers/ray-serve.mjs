import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../environments.mjs';
import { serveDirectly } from './direct-peer.mjs';

const PACKAGES = ['ray[serve]==2.60.0'];

export const rayServe = {
  name: 'Ray Serve 2.60.0',
  prepare: () => pythonEnvironment(PACKAGES),
  start: (bin) =>
    serveDirectly((port) => ({
      command: `${bin}/python`,
      args: [fileURLToPath(new URL('ray_serve_server.py', import.meta.url)), String(port)],
      env: { RAY_USAGE_STATS_ENABLED: '0' },
    })),
};
