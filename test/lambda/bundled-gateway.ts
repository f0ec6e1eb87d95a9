/** The gateway's bundle called as Lambda would call it, on an emulated account, with a real agent beside an app. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent } from '../../runtime/agent/agent';
import type { AppExit, AppLine, AppProcess } from '../../runtime/agent/app-process';
import { DynamoAppStore } from '../../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../../runtime/aws/blob-store';
import { SystemClock } from '../../runtime/aws/clock';
import { SqsDoorbell } from '../../runtime/aws/doorbell';
import { dynamoClient, type DynamoTable } from '../../runtime/aws/dynamo-table';
import { DynamoKeyStore } from '../../runtime/aws/key-store';
import { DynamoRequestStore } from '../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../runtime/aws/runner-registry';
import { CONTAINER, ResourceNames, VARIABLE } from '../../runtime/aws-layout';
import type { AppRecord } from '../../runtime/domain/app';
import { launched } from '../../runtime/domain/runner';
import { createKey } from '../../runtime/gateway/keys';
import { adopt } from '../../runtime/queue/adoption';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { LambdaProcess } from '../aws/lambda-process';
import type { RunningContainers } from '../aws/task-definitions';
import { startTaskProcesses, type TaskProcessesOptions } from '../aws/task-processes';
import { createTable } from '../support/dynamo-table';
import { appSpec } from '../support/records';
import { type AwsEmulator, clientOf, startAwsEmulator } from '../support/aws-emulator';

export const NAMES = new ResourceNames('studio');
export const APP = 'studio/painter';

const BUCKET = 'studio-blobs';

export type AppHandler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export class BundledGateway {
  readonly clock = new SystemClock();
  readonly queue: RequestQueue;
  readonly requests: DynamoRequestStore;
  readonly blobs: S3BlobStore;
  /** What agents and apps of `runTask` printed. */
  readonly lines: string[] = [];
  /** What went wrong in the gateway or the agent. */
  readonly errors: string[] = [];
  private readonly apps: DynamoAppStore;
  private readonly runners: DynamoRunnerRegistry;
  private readonly doorbell: SqsDoorbell;
  private readonly sqs: SQSClient;
  private readonly ending: (() => Promise<unknown>)[] = [];

  private constructor(
    private readonly emulator: AwsEmulator,
    private readonly table: DynamoTable,
  ) {
    const { clock } = this;
    const log = { error: (message: string, error?: unknown) => void this.errors.push(`${message}: ${String(error)}`) };
    this.sqs = new SQSClient(clientOf(emulator));
    this.blobs = new S3BlobStore(blobClient({ ...clientOf(emulator), forcePathStyle: true }), BUCKET);
    this.requests = new DynamoRequestStore({ table, blobs: this.blobs, clock });
    this.apps = new DynamoAppStore(table, clock);
    this.runners = new DynamoRunnerRegistry(table);
    this.doorbell = new SqsDoorbell({
      client: this.sqs,
      queueUrl: () => this.queueUrl(NAMES.appQueue('painter')),
      adopt: (_, message) => adopt(this, this.app, message),
      log,
    });
    this.queue = new RequestQueue({ store: this.requests, doorbell: this.doorbell, clock });
  }

  static async start(): Promise<BundledGateway> {
    const emulator = await startAwsEmulator();
    const gateway = new BundledGateway(emulator, await createTable(dynamoClient(clientOf(emulator))));
    await gateway.createResources();
    await gateway.apps.put(gateway.app);
    return gateway;
  }

  readonly app: AppRecord = {
    id: APP,
    revision: '1',
    deployedAt: 0,
    // With a floor, as a runner that nobody needs leaves within 10 s.
    spec: appSpec({ name: 'painter', keep_alive: 600, max_multiplexing: 4, min_concurrency: 1 }),
  };

  /** Runs the bundle as a function whose calls last `timeoutSeconds`, with further variables. */
  async serve(bundle: string, timeoutSeconds = 900, variables = {}): Promise<LambdaProcess> {
    const lambda = await LambdaProcess.start({
      name: 'gateway',
      bundle,
      timeoutSeconds,
      environment: { ...this.environment, ...variables },
      onLine: (line) => {
        if (line.includes('"level":"ERROR"')) this.errors.push(line);
      },
    });
    this.ending.push(() => lambda.stop());
    return lambda;
  }

  /** What the template tells the gateway, and how it reaches the emulator. */
  get environment(): Readonly<Record<string, string>> {
    const { endpoint, region, credentials } = this.emulator;
    return {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      [VARIABLE.platform]: NAMES.platform,
      [VARIABLE.table]: this.table.name,
      [VARIABLE.bucket]: BUCKET,
      [VARIABLE.controlQueueUrl]: this.queueUrl(NAMES.controlQueue),
    };
  }

  /** A runner: the real agent over the adapters of AWS, beside an app that answers with `handler`. */
  async runAgent(handler: AppHandler): Promise<void> {
    const process = await StandInApp.start(handler);
    const runner = launched({ id: 'runner-1', app: APP, revision: '1', createdAt: this.clock.now() });
    await this.runners.create(runner);
    const { queue, requests, doorbell, runners, blobs, clock } = this;
    const agent = new Agent(
      {
        ...{ queue, requests, doorbell, runners, blobs, clock },
        heartbeatMs: 500,
        onLine: () => undefined,
        onFailure: (_, error) => void this.errors.push(String(error)),
      },
      this.app,
      runner,
      process,
    );
    const running = agent.run();
    this.ending.push(async () => {
      await agent.drain('the test is over', 1_000);
      await running;
    });
  }

  /** A runner as ECS starts it: the agent's bundle and the app, each in a process of its own. */
  async runTask(options: Pick<TaskProcessesOptions, 'agent' | 'app'>, id = 'runner-1'): Promise<RunningContainers> {
    const runner = launched({ id, app: APP, revision: '1', createdAt: this.clock.now() });
    await this.runners.create(runner);
    const { [VARIABLE.controlQueueUrl]: _gateways, ...environment } = this.environment;
    const agentVariables = {
      [VARIABLE.app]: APP,
      [VARIABLE.runner]: id,
      [VARIABLE.queueUrl]: this.queueUrl(NAMES.appQueue('painter')),
    };
    const containers = startTaskProcesses(
      { ...options, onLine: (line) => void this.lines.push(line) },
      {
        ...{ containers: [], volumes: [] },
        credentials: environment,
        secrets: () => Promise.resolve({}),
        overrides: { [CONTAINER.agent]: agentVariables },
      },
    );
    this.ending.push(async () => {
      containers.stop();
      await containers.ended;
    });
    return containers;
  }

  /** An ADMIN key of the platform's owner. */
  async key(): Promise<string> {
    const stores = { keys: new DynamoKeyStore(this.table), clock: this.clock };
    return createKey(stores, { user: NAMES.platform, scope: 'ADMIN', description: 'test' });
  }

  /** Takes the messages that wait for the controller. */
  async controlMessages(): Promise<readonly unknown[]> {
    const QueueUrl = this.queueUrl(NAMES.controlQueue);
    const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    return Messages.map(({ Body = '' }) => JSON.parse(Body) as unknown);
  }

  async stop(): Promise<void> {
    for (const end of this.ending.splice(0).reverse()) await end();
    await this.emulator.stop();
  }

  private queueUrl(name: string): string {
    return `${this.emulator.endpoint}/123456789012/${name}`;
  }

  private async createResources(): Promise<void> {
    const s3 = blobClient({ ...clientOf(this.emulator), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    for (const QueueName of [NAMES.controlQueue, NAMES.appQueue('painter')]) {
      await this.sqs.send(new CreateQueueCommand({ QueueName }));
    }
  }
}

/** A folder that has the bundle and nothing else, far from the packages it was made of. */
export class Bundle {
  private constructor(
    private readonly folder: string,
    readonly path: string,
  ) {}

  static async build(handler: string): Promise<Bundle> {
    const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    const path = join(folder, 'index.mjs');
    const script = join(__dirname, '..', '..', 'scripts', 'build.mjs');
    await promisify(execFile)(process.execPath, [script, handler, path]);
    return new Bundle(folder, path);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}

/** An app on a port of its own, for which the test answers. */
class StandInApp implements AppProcess {
  readonly exited: Promise<AppExit>;
  private exit: (exit: AppExit) => void = () => undefined;

  private constructor(private readonly server: Server) {
    this.exited = new Promise((resolve) => (this.exit = resolve));
  }

  static async start(handler: AppHandler): Promise<StandInApp> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        handler(request, response, body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StandInApp(server);
  }

  url(): Promise<string> {
    return Promise.resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  onLine(_listener: (line: AppLine) => void): void {
    // It prints nothing.
  }

  terminate(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    this.exit({ reason: 'exit code 0' });
    return Promise.resolve();
  }
}
