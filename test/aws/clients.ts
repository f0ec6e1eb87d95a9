/** fal's client with a key of an emulated platform, re-pointed by configuration alone. */
import { createFalClient, type FalClient } from '@fal-ai/client';
import type { EmulatedPlatform } from './emulated-platform';

const SERVICES: Readonly<Record<string, string>> = {
  'fal.run': 'run',
  'queue.fal.run': 'queue',
  'rest.fal.ai': 'rest',
};

export async function clientOf(platform: EmulatedPlatform): Promise<FalClient> {
  return createFalClient({
    credentials: await platform.createKey('ADMIN'),
    requestMiddleware: (request) => {
      const { hostname, pathname, search } = new URL(request.url);
      return Promise.resolve({ ...request, url: `${platform.url}/${SERVICES[hostname] ?? ''}${pathname}${search}` });
    },
  });
}
