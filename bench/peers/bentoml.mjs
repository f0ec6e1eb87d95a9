import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../environments.mjs';
import { serveDirectly } from './direct-peer.mjs';

const PACKAGES = ['bentoml==1.4.39'];

export const bentoml = {
  name: 'BentoML 1.4.39',
  prepare: () => pythonEnvironment(PACKAGES),
  start: (bin) =>
    serveDirectly((port) => ({
      command: `${bin}/bentoml`,
      args: ['serve', 'bentoml_service:Noop', '--host', '127.0.0.1', '--port', String(port), '--api-workers', '1'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { BENTOML_DO_NOT_TRACK: 'True' },
    })),
};
