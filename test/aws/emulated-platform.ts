/**
 * A deployed platform on one machine: the resources of a synthesised template in emulators, its functions from their
 * bundles, machines and tasks in the stand-in for ECS, and every AWS call recorded by role.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SystemClock } from '../../runtime/aws/clock';
import { DynamoTable } from '../../runtime/aws/dynamo-table';
import { DynamoKeyStore } from '../../runtime/aws/key-store';
import { VARIABLE } from '../../runtime/aws-layout';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import { createKey } from '../../runtime/gateway/keys';
import { eventually } from '../contract/eventually';
import { tlsFront, type TlsFront } from '../lambda/tls-front';
import { startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { EcsStandIn } from '../support/ecs-stand-in';
import { CallRecorder } from './call-recorder';
import { EmulatedAccount } from './emulated-account';
import { EmulatedFunctions } from './emulated-functions';
import { EventSources } from './event-sources';
import { denials, verdictsOf, type Verdict } from './iam-proof';
import type { LambdaProcess } from './lambda-process';
import { ACCOUNT, clientOfRole, REGION } from './role-credentials';
import { RunningTasks, type RunningTask } from './running-tasks';
import { TaskDefinitions, type RunningContainers, type TaskToStart } from './task-definitions';
import { deleteTeardowns } from './teardown-calls';
import type { CreatedStack, Physical, Template } from './template';

export interface EmulatedPlatformOptions {
  /** Folder of a cloud assembly with one stack. Removed when the platform stops, like those that are deployed over it. */
  readonly assembly: string;
  readonly stackName: string;
  /** The name that the template gives its cluster. */
  readonly cluster: string;
  readonly startTask: (task: TaskToStart) => RunningContainers;
  readonly onLine?: (line: string) => void;
  /** AWS fires the controller's rule once a minute. */
  readonly ruleIntervalMs?: number;
}

export class EmulatedPlatform {
  /** What went wrong with calls of the controller. */
  readonly errors: unknown[] = [];
  readonly #running = new RunningTasks();
  readonly #taskDefinitions: TaskDefinitions;
  readonly #functions: EmulatedFunctions;
  readonly #account: EmulatedAccount;
  readonly #assemblies: string[] = [];
  #stack!: CreatedStack;
  #events: EventSources | undefined;
  #adminKey: Promise<string> | undefined;

  private constructor(
    private readonly options: EmulatedPlatformOptions,
    private readonly emulator: AwsEmulator,
    private readonly standIn: EcsStandIn,
    readonly recorder: CallRecorder,
    private readonly front: TlsFront,
  ) {
    const { assembly, stackName, onLine } = options;
    const { endpoint } = recorder;
    this.#taskDefinitions = new TaskDefinitions(endpoint);
    this.#functions = new EmulatedFunctions({ assembly, endpoint, ...(onLine === undefined ? {} : { onLine }) });
    this.#account = new EmulatedAccount({
      ...{ account: ACCOUNT, region: REGION, stackName, endpoint },
      createElsewhere: (type, id, properties) => Promise.resolve(this.create(type, id, properties)),
    });
  }

  static async start(options: EmulatedPlatformOptions): Promise<EmulatedPlatform> {
    const emulator = await startAwsEmulator();
    const standIn: EcsStandIn = await EcsStandIn.start({
      name: options.cluster,
      pools: [],
      taskDefinition: (arn) => platform.#taskDefinitions.roomOf(arn),
      onTaskStart: (task) => platform.#running.add(task, options.startTask(platform.#taskDefinitions.toStart(task))),
    });
    const { endpoint } = standIn.client;
    const recorder = await CallRecorder.start({
      account: ACCOUNT,
      region: REGION,
      endpoints: { default: emulator.endpoint, ecs: endpoint, autoscaling: endpoint, ec2: endpoint },
    });
    const front = await tlsFront(() => platform.url);
    const platform: EmulatedPlatform = new EmulatedPlatform(options, emulator, standIn, recorder, front);
    await platform.deploy();
    return platform;
  }

  /** Where callers reach the gateway: its function URL, as served here. */
  get url(): string {
    return this.functionOf(/Gateway/).url;
  }

  /** The same by HTTPS, as apps and fal's Python client call it, and what they must trust. */
  get secure(): Pick<TlsFront, 'url' | 'caPath'> {
    return this.front;
  }

  /** The platform's name, which owns its apps. */
  get owner(): string {
    const [lambda] = this.#account.functions.values();
    return lambda?.environment[VARIABLE.platform] ?? '';
  }

  get ecs(): EcsStandIn {
    return this.standIn;
  }

  /** What was deployed last. */
  get stack(): CreatedStack {
    return this.#stack;
  }

  /** Roles of the template as they are now. */
  get account(): EmulatedAccount {
    return this.#account;
  }

  /** Of moto itself: what calls it here isn't recorded. */
  get emulatorEndpoint(): string {
    return this.emulator.endpoint;
  }

  /** A function by its logical id. */
  functionOf(pattern: RegExp): LambdaProcess {
    return this.#functions.named(pattern);
  }

  /** Waits until the controller has seen what was deployed. */
  async appsKnown(...apps: readonly string[]): Promise<void> {
    for (const app of apps) {
      await eventually(async () => {
        expect((await fetch(`${this.url}/queue/${app}`, { method: 'POST' })).status).not.toBe(404);
      });
    }
  }

  /** An API key, `id:secret`. */
  async createKey(scope: 'API' | 'ADMIN'): Promise<string> {
    const client = new DynamoDBClient({
      ...this.emulator,
      credentials: { accessKeyId: 'TEST', secretAccessKey: 'test' },
    });
    const name = [...this.#stack.properties.values()].find(({ TableName }) => typeof TableName === 'string')?.TableName;
    const keys = new DynamoKeyStore(new DynamoTable(client, String(name)));
    return createKey({ keys, clock: new SystemClock() }, { user: this.owner, scope, description: 'of the tests' });
  }

  /** What the admin API answers. */
  async admin(path: string): Promise<unknown> {
    this.#adminKey ??= this.createKey('ADMIN');
    const headers = { authorization: `Key ${await this.#adminKey}` };
    return (await fetch(`${this.url}/rest/admin${path}`, { headers })).json();
  }

  /** Tasks of an app that have not ended. */
  tasks(alias: string): readonly RunningTask[] {
    return this.#running.of(alias);
  }

  /** Every recorded call against the policies of its role. */
  verdicts(): Promise<readonly Verdict[]> {
    return verdictsOf(this.recorder.calls, this.#account.roles, ACCOUNT);
  }

  async denials(): Promise<readonly string[]> {
    return denials(await this.verdicts(), (principal) => principal);
  }

  /** Deploys another version of the same stack over this one. */
  async redeploy(assembly: string): Promise<void> {
    this.#stack = await this.#account.deploy(await this.template(assembly));
  }

  /** Deletes what deletes itself before the rest. */
  destroy(): Promise<readonly unknown[]> {
    return deleteTeardowns(this.#account.customResources.values(), this.functionOf(/Lifecycle/));
  }

  async stop(): Promise<void> {
    await this.#events?.stop();
    await this.#running.stop();
    await this.#functions.stop();
    await this.front.close();
    await this.recorder.stop();
    await this.standIn.stop();
    await this.emulator.stop();
    for (const assembly of this.#assemblies) await rm(assembly, { recursive: true, force: true });
  }

  private async deploy(): Promise<void> {
    this.#stack = await this.#account.deploy(await this.template(this.options.assembly));
    this.addPools();
    for (const lambda of this.#account.functions.values()) await this.#functions.start(lambda);
    this.#events = this.connectController();
  }

  private async template(assembly: string): Promise<Template> {
    this.#assemblies.push(assembly);
    return JSON.parse(await readFile(join(assembly, `${this.options.stackName}.template.json`), 'utf8')) as Template;
  }

  /** Task definitions are the stand-in's, the function URL is served here; groups follow from the pools' parameters. */
  private create(type: string, id: string, properties: Readonly<Record<string, unknown>>): Physical | undefined {
    if (type === 'AWS::Lambda::Url') return { ref: id, attributes: { FunctionUrl: `${this.front.url}/` } };
    if (type === 'AWS::ECS::TaskDefinition') return this.#taskDefinitions.register(id, properties);
    return undefined;
  }

  private addPools(): void {
    for (const { Name, Value } of this.#stack.properties.values()) {
      if (typeof Name !== 'string' || typeof Value !== 'string' || !Name.includes('/pools/')) continue;
      const pool = JSON.parse(Value) as PoolDeployment;
      this.standIn.cluster.groups.set(pool.autoScalingGroup, { pool, zones: [`${REGION}a`, `${REGION}b`], desired: 0 });
    }
  }

  /** Its queue is read with the function's own role, as Lambda does. */
  private connectController(): EventSources {
    const { endpoint } = this.recorder;
    const [, mapping] = [...this.#stack.properties].find(([id]) => id.includes('SqsEventSource')) ?? [];
    const queueArn = String(mapping?.EventSourceArn);
    const controller = [...this.#account.functions.values()].find(({ logicalId }) => logicalId.includes('Controller'));
    return new EventSources({
      lambda: this.functionOf(/Controller/),
      sqs: new SQSClient(clientOfRole(endpoint, controller?.roleArn ?? '')),
      queueUrl: `${endpoint}/${ACCOUNT}/${queueArn.split(':').at(-1) ?? ''}`,
      queueArn,
      ruleIntervalMs: this.options.ruleIntervalMs ?? 5_000,
      onError: (error) => this.errors.push(error),
    });
  }
}
