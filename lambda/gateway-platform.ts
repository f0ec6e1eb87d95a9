/** The gateway over the adapters of AWS, for the function and for the container. */
import type { Hono } from 'hono';
import { DynamoRelayAddresses } from '../runtime/aws/relay-addresses';
import type { GatewayDependencies, GatewaySettings } from '../runtime/gateway/dependencies';
import { createGateway } from '../runtime/gateway/gateway';
import type { Log } from '../runtime/gateway/log';
import type { Doorbell, RelayAddresses } from '../runtime/ports';
import { openPlatformStores } from './platform-stores';
import { playgroundPage } from './playground-page';
import { Pokes, toControlQueue } from './pokes';

export interface GatewayPlatformOptions {
  readonly settings: Omit<GatewaySettings, 'owner' | 'requireKey'>;
  readonly log: Log;
  readonly waitUntil: (work: Promise<void>) => void;
}

export interface GatewayPlatform extends GatewayDependencies {
  readonly relayAddresses: RelayAddresses;
}

export function openGateway(options: GatewayPlatformOptions): Hono {
  return createGateway(openPlatform(options));
}

/** Everything is read from the variables that the template sets; the public URL is the one that callers use. */
export function openPlatform({ settings, log, waitUntil }: GatewayPlatformOptions): GatewayPlatform {
  const stores = openPlatformStores({
    onError: (error, doing) => {
      log.error(doing, error);
    },
    ringing: (bell) => ringingMeanwhile(bell, waitUntil),
  });
  const { names, table, requests, registry: runners, clock } = stores;
  const meanwhile = (poke: Promise<void>, app: string): void => {
    const reported = poke.catch((error: unknown) => {
      log.error(`The controller could not be told of ${app}`, error);
    });
    waitUntil(reported);
  };
  const pokes = new Pokes({ requests, runners, clock, send: toControlQueue(stores.sqs, stores.controlQueueUrl) });
  return {
    ...stores,
    ...{ log, runners, waitUntil },
    settings: { ...settings, owner: names.platform, requireKey: true },
    playground: playgroundPage,
    poke: (app) => {
      meanwhile(pokes.changed(app), app);
    },
    pokeForRequest: (app) => {
      meanwhile(pokes.submitted(app), app.id);
    },
    relayAddresses: new DynamoRelayAddresses(table, clock),
  };
}

/** The answer does not wait for the bell: ringing never fails, and the controller rings again for what was not heard. */
function ringingMeanwhile(bell: Doorbell, waitUntil: GatewayPlatformOptions['waitUntil']): Doorbell {
  return {
    ring: (app, times) => {
      waitUntil(bell.ring(app, times));
      return Promise.resolve();
    },
    wait: (app, timeoutMs, signal) => bell.wait(app, timeoutMs, signal),
  };
}
