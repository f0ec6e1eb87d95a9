import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../environments.mjs';
import { serveDirectly } from './direct-peer.mjs';

const PACKAGES = ['litserve==0.2.19'];

export const litserve = {
  name: 'LitServe 0.2.19',
  prepare: () => pythonEnvironment(PACKAGES),
  start: (bin) =>
    serveDirectly((port) => ({
      command: `${bin}/python`,
      args: [fileURLToPath(new URL('litserve_server.py', import.meta.url)), String(port)],
    })),
};
