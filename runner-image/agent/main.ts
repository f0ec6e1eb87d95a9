/** The agent's program: reads its environment, opens the stores, works, ends. Its last line says why. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { GatewayConnections } from '../../runtime/agent/gateway-connections';
import { DynamoAppStore } from '../../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../../runtime/aws/blob-store';
import { SystemClock } from '../../runtime/aws/clock';
import { SqsDoorbell } from '../../runtime/aws/doorbell';
import { dynamoClient, DynamoTable } from '../../runtime/aws/dynamo-table';
import { embeddedMetrics } from '../../runtime/aws/embedded-metrics';
import { DynamoRelayAddresses } from '../../runtime/aws/relay-addresses';
import { DynamoRequestStore } from '../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../runtime/aws/runner-registry';
import { adopt } from '../../runtime/queue/adoption';
import { readEnvironment, type AgentEnvironment } from './environment';
import { runAgent, type ProgramOptions, type ProgramStores } from './program';
import { RequestMetrics } from './request-metrics';
import { TaskApp } from './task-app';
import { TaskMetadataEndpoint } from './task-metadata';

/** How soon the end of the app's container is noticed. All tasks of a machine share 40 calls a second to the endpoint. */
const POLL_MS = 1_000;

/** A dashboard shows minutes. */
const METRICS_MS = 10_000;

const clock = new SystemClock();

function openStores(table: DynamoTable, { bucket }: AgentEnvironment): ProgramStores {
  const blobs = new S3BlobStore(blobClient(), bucket);
  return {
    apps: new DynamoAppStore(table, clock),
    requests: new DynamoRequestStore({ table, blobs, clock }),
    runners: new DynamoRunnerRegistry(table),
    blobs,
  };
}

function doorbellOf({ queueUrl }: AgentEnvironment): ProgramOptions['doorbell'] {
  return (app, stores) =>
    new SqsDoorbell({
      client: new SQSClient({}),
      queueUrl: () => queueUrl,
      adopt: (_app, message) => adopt(stores, app, message),
      log: {
        error: (message, error) => {
          say(error === undefined ? message : `${message}: ${inWords(error)}`);
        },
      },
    });
}

function attacherOf({ appUrl: url, metadataUrl, socketPath }: AgentEnvironment): ProgramOptions['attach'] {
  const metadata = new TaskMetadataEndpoint(metadataUrl);
  return () => TaskApp.attach({ url, metadata, socketPath, pollMs: POLL_MS, log: say });
}

async function main(): Promise<number> {
  const stopping = new AbortController();
  const metrics = new RequestMetrics({ write: embeddedMetrics(), delayMs: METRICS_MS });
  process.on('SIGTERM', () => {
    stopping.abort();
  });
  try {
    const environment = readEnvironment(process.env);
    const { app, runner } = environment;
    const table = new DynamoTable(dynamoClient(), environment.table);
    const reason = await runAgent({
      ...{ app, runner, clock, stopping: stopping.signal, log: say },
      stores: openStores(table, environment),
      relay: new GatewayConnections(new DynamoRelayAddresses(table, clock)),
      doorbell: doorbellOf(environment),
      attach: attacherOf(environment),
      onEnded: metrics.add,
    });
    say(`The runner ends: ${reason}`);
    return 0;
  } catch (error) {
    say(`The agent can't work: ${inWords(error)}`);
    return 1;
  } finally {
    metrics.flush();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

// ECS ends the app's container when this one has ended.
void main().then((code) => process.exit(code));
