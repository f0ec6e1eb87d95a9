/** The gateway over the adapters of AWS, for the function and for the container. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Hono } from 'hono';
import { DynamoAppStore } from '../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../runtime/aws/blob-store';
import { SystemClock } from '../runtime/aws/clock';
import { SqsDoorbell } from '../runtime/aws/doorbell';
import { dynamoClient, DynamoTable } from '../runtime/aws/dynamo-table';
import { DynamoKeyStore } from '../runtime/aws/key-store';
import { ParameterSecretStore } from '../runtime/aws/parameter-secret-store';
import { DynamoRelayAddresses } from '../runtime/aws/relay-addresses';
import { DynamoRequestStore } from '../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../runtime/aws/runner-registry';
import { ResourceNames, VARIABLE } from '../runtime/aws-layout';
import type { GatewayDependencies, GatewaySettings } from '../runtime/gateway/dependencies';
import { createGateway } from '../runtime/gateway/gateway';
import type { Log } from '../runtime/gateway/log';
import type { Doorbell, RelayAddresses } from '../runtime/ports';
import { RequestQueue } from '../runtime/queue/request-queue';
import { appQueueUrls } from './app-queues';
import { variable } from './environment';
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
  const names = new ResourceNames(variable(VARIABLE.platform));
  const controlQueueUrl = variable(VARIABLE.controlQueueUrl);
  const clock = new SystemClock();
  const sqs = new SQSClient({});
  const table = new DynamoTable(dynamoClient(), variable(VARIABLE.table));
  const blobs = new S3BlobStore(blobClient(), variable(VARIABLE.bucket));
  const apps = new DynamoAppStore(table, clock);
  const requests = new DynamoRequestStore({ table, blobs, clock });
  const runners = new DynamoRunnerRegistry(table);
  const bell = new SqsDoorbell({ client: sqs, queueUrl: appQueueUrls(controlQueueUrl, names), log });
  const doorbell = ringingMeanwhile(bell, waitUntil);
  const meanwhile = (poke: Promise<void>, app: string): void => {
    const reported = poke.catch((error: unknown) => {
      log.error(`The controller could not be told of ${app}`, error);
    });
    waitUntil(reported);
  };
  const pokes = new Pokes({ requests, runners, clock, send: toControlQueue(sqs, controlQueueUrl) });
  return {
    ...{ apps, blobs, clock, log, requests, runners, waitUntil },
    queue: new RequestQueue({ store: requests, doorbell, clock }),
    keys: new DynamoKeyStore(table),
    // The secrets that the gateway needs are the platform's own.
    secrets: new ParameterSecretStore(new SSMClient({}), names),
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
