/**
 * A deployed platform on one machine: the resources of a synthesised template in emulators, its functions from their
 * bundles, machines and tasks in the stand-in for ECS, and every AWS call recorded by role.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { SystemClock } from '../../runtime/aws/clock';
import { DynamoTable } from '../../runtime/aws/dynamo-table';
import { DynamoKeyStore } from '../../runtime/aws/key-store';
import { VARIABLE } from '../../runtime/aws-layout';
import type { PoolDeployment } from '../../runtime/domain/deployment';
import type { Room } from '../../runtime/domain/machine';
import { createKey } from '../../runtime/gateway/keys';
import { eventually } from '../contract/eventually';
import { tlsFront, type TlsFront } from '../lambda/tls-front';
import { startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { EcsStandIn } from '../support/ecs-stand-in';
import type { Containers, StandInMachine, StandInTask } from '../support/ecs-stand-in-cluster';
import { CallRecorder } from './call-recorder';
import { EmulatedAccount, type EmulatedFunction } from './emulated-account';
import { EventSources } from './event-sources';
import { denials, judge, type Verdict } from './iam-proof';
import { LambdaProcess } from './lambda-process';
import type { CreatedStack, Physical, Template } from './template';

const ACCOUNT = '123456789012';
const REGION = 'us-east-1';

/** A container definition as CloudFormation has it. */
export interface ContainerDefinition {
  readonly Name: string;
  readonly Image: string;
  readonly Cpu?: number;
  readonly Memory?: number;
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: string }[];
  readonly Environment?: readonly { readonly Name: string; readonly Value: string }[];
  readonly ResourceRequirements?: readonly { readonly Type: string; readonly Value: string }[];
  readonly MountPoints?: readonly { readonly ContainerPath: string; readonly SourceVolume: string }[];
  readonly StopTimeout?: number;
}

/** A task that ECS would start: its definition, and the variables that `RunTask` adds. */
export interface TaskToStart {
  readonly task: StandInTask;
  readonly containers: readonly ContainerDefinition[];
  /** How the task's role reaches the emulators. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The secrets of a container, read as ECS does with the execution role. Rejects when one is missing. */
  readonly secrets: (container: string) => Promise<Readonly<Record<string, string>>>;
  /** Variables by container. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The containers of a task, which can also break. */
export interface RunningContainers extends Containers {
  /** Ends the app's container by force, unasked. */
  kill(): void;
}

export interface RunningTask {
  readonly machine: StandInMachine;
  readonly kill: () => void;
}

export interface EmulatedPlatformOptions {
  /** Folder of a cloud assembly with one stack. */
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
  readonly errors: unknown[] = [];
  readonly #functions = new Map<string, LambdaProcess>();
  readonly #taskDefinitions = new Map<
    string,
    { readonly containers: readonly ContainerDefinition[]; readonly role: string; readonly executionRole: string }
  >();
  readonly #running = new Map<StandInTask, RunningContainers>();
  readonly #familyRevisions = new Map<string, number>();
  #account!: EmulatedAccount;
  #stack!: CreatedStack;
  #events: EventSources | undefined;
  #adminKey: Promise<string> | undefined;

  private constructor(
    private readonly options: EmulatedPlatformOptions,
    private readonly emulator: AwsEmulator,
    private readonly standIn: EcsStandIn,
    readonly recorder: CallRecorder,
    private readonly front: TlsFront,
  ) {}

  static async start(options: EmulatedPlatformOptions): Promise<EmulatedPlatform> {
    const emulator = await startAwsEmulator();
    const standIn: EcsStandIn = await EcsStandIn.start({
      name: options.cluster,
      pools: [],
      taskDefinition: (arn) => platform.roomOf(arn),
      onTaskStart: (task) => platform.startTask(task),
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

  get stack(): CreatedStack {
    return this.#stack;
  }

  get account(): EmulatedAccount {
    return this.#account;
  }

  get ecs(): EcsStandIn {
    return this.standIn;
  }

  /** A function by its logical id. */
  functionOf(pattern: RegExp): LambdaProcess {
    const found = [...this.#functions].find(([id]) => pattern.test(id))?.[1];
    if (found === undefined) throw new Error(`No function matches ${String(pattern)}`);
    return found;
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

  /** Of moto itself: what calls it here isn't recorded. */
  get emulatorEndpoint(): string {
    return this.emulator.endpoint;
  }

  /** What the admin API answers. */
  async admin(path: string): Promise<unknown> {
    this.#adminKey ??= this.createKey('ADMIN');
    const headers = { authorization: `Key ${await this.#adminKey}` };
    return (await fetch(`${this.url}/rest/admin${path}`, { headers })).json();
  }

  /** Tasks of an app that have not ended. */
  tasks(alias: string): readonly RunningTask[] {
    return this.standIn.cluster.tasks
      .filter((task) => task.ended === undefined && task.taskDefinition.includes(`-${alias}:`))
      .map((task) => ({ machine: task.machine, kill: () => this.#running.get(task)?.kill() }));
  }

  /** Every recorded call against the policies of its role. */
  async verdicts(): Promise<readonly Verdict[]> {
    const roles = [...this.#account.roles.values()];
    const known = this.recorder.calls.filter(({ principal }) =>
      roles.some(({ arn }) => principalOf(arn) === principal),
    );
    const judged = known.map(async (call) => {
      const role = roles.find(({ arn }) => principalOf(arn) === call.principal);
      return role === undefined ? [] : judge(call, role, ACCOUNT);
    });
    return (await Promise.all(judged)).flat();
  }

  async denials(): Promise<readonly string[]> {
    return denials(await this.verdicts(), (principal) => principal);
  }

  async stop(): Promise<void> {
    await this.#events?.stop();
    await Promise.all([...this.#functions.values()].map((lambda) => lambda.stop()));
    await this.front.close();
    await this.recorder.stop();
    await this.standIn.stop();
    await this.emulator.stop();
  }

  /** Deploys another version of the same stack over this one. */
  async redeploy(assembly: string): Promise<void> {
    this.#stack = await this.#account.deploy(await this.template(assembly));
  }

  /** Deletes what deletes itself before the rest, as CloudFormation would: what depends on another goes first. */
  async destroy(): Promise<readonly unknown[]> {
    const answers = await ResponseUrl.listen();
    try {
      const teardowns = [...this.#account.customResources.values()].filter(({ type }) => type.includes('Teardown'));
      for (const { logicalId, properties } of teardowns.reverse()) {
        await this.functionOf(/Lifecycle/).invoke({
          ...{ RequestType: 'Delete', ResponseURL: answers.url, StackId: 'stack', RequestId: logicalId },
          ...{ LogicalResourceId: logicalId, PhysicalResourceId: logicalId, ResourceProperties: properties },
        });
      }
      return answers.received;
    } finally {
      answers.close();
    }
  }

  private async template(assembly: string): Promise<Template> {
    return JSON.parse(await readFile(join(assembly, `${this.options.stackName}.template.json`), 'utf8')) as Template;
  }

  private async deploy(): Promise<void> {
    const { assembly, stackName } = this.options;
    const template = await this.template(assembly);
    this.#account = new EmulatedAccount({
      ...{ account: ACCOUNT, region: REGION, stackName, endpoint: this.recorder.endpoint },
      createElsewhere: (type, id, properties) => Promise.resolve(this.create(type, id, properties)),
    });
    this.#stack = await this.#account.deploy(template);
    this.addPools();
    for (const lambda of this.#account.functions.values())
      this.#functions.set(lambda.logicalId, await this.run(lambda));
    this.#events = this.connectController();
  }

  /** Task definitions are the stand-in's, the function URL is served here; groups follow from the pools' parameters. */
  private create(type: string, id: string, properties: Readonly<Record<string, unknown>>): Physical | undefined {
    if (type === 'AWS::Lambda::Url') return { ref: id, attributes: { FunctionUrl: `${this.front.url}/` } };
    if (type !== 'AWS::ECS::TaskDefinition') return undefined;
    const family = typeof properties.Family === 'string' ? properties.Family : id;
    const revision = (this.#familyRevisions.get(family) ?? 0) + 1;
    this.#familyRevisions.set(family, revision);
    const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:${revision}`;
    this.#taskDefinitions.set(arn, {
      containers: properties.ContainerDefinitions as readonly ContainerDefinition[],
      role: String(properties.TaskRoleArn),
      executionRole: String(properties.ExecutionRoleArn),
    });
    return { ref: arn, attributes: { TaskDefinitionArn: arn } };
  }

  private addPools(): void {
    for (const { Name, Value } of this.parameters()) {
      if (!Name.includes('/pools/')) continue;
      const pool = JSON.parse(Value) as PoolDeployment;
      this.standIn.cluster.groups.set(pool.autoScalingGroup, { pool, zones: [`${REGION}a`, `${REGION}b`], desired: 0 });
    }
  }

  private parameters(): readonly { readonly Name: string; readonly Value: string }[] {
    return [...this.#stack.properties.values()].filter(
      (properties): properties is { Name: string; Value: string } =>
        typeof properties.Name === 'string' && typeof properties.Value === 'string',
    );
  }

  private async run(lambda: EmulatedFunction): Promise<LambdaProcess> {
    const { assembly, onLine } = this.options;
    const asset = lambda.codeKey.replace(/\.zip$/, '');
    return LambdaProcess.start({
      name: lambda.logicalId,
      bundle: join(assembly, `asset.${asset}`, 'index.mjs'),
      environment: { ...lambda.environment, ...this.credentials(lambda.roleArn) },
      timeoutSeconds: lambda.timeoutSeconds,
      ...(onLine === undefined
        ? {}
        : {
            onLine: (line) => {
              onLine(`${lambda.logicalId}: ${line}`);
            },
          }),
    });
  }

  /** The role is known by its access key. */
  private credentials(roleArn: string): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.recorder.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: principalOf(roleArn),
      AWS_SECRET_ACCESS_KEY: 'test',
    };
  }

  private connectController(): EventSources {
    const [, mapping] = [...this.#stack.properties].find(([id]) => id.includes('SqsEventSource')) ?? [];
    const queueArn = String(mapping?.EventSourceArn);
    const queueUrl = `${this.recorder.endpoint}/${ACCOUNT}/${queueArn.split(':').at(-1) ?? ''}`;
    const controller = [...this.#account.functions.values()].find(({ logicalId }) => logicalId.includes('Controller'));
    const accessKeyId = principalOf(controller?.roleArn ?? '');
    return new EventSources({
      lambda: this.functionOf(/Controller/),
      sqs: new SQSClient({
        endpoint: this.recorder.endpoint,
        region: REGION,
        credentials: { accessKeyId, secretAccessKey: 'test' },
      }),
      queueUrl,
      queueArn,
      ruleIntervalMs: this.options.ruleIntervalMs ?? 5_000,
      onError: (error) => this.errors.push(error),
    });
  }

  private async secretsOf(
    containers: readonly ContainerDefinition[],
    name: string,
    executionRole: string,
  ): Promise<Readonly<Record<string, string>>> {
    const declared = containers.find((container) => container.Name === name)?.Secrets ?? [];
    const accessKeyId = principalOf(executionRole);
    const ssm = new SSMClient({
      ...{ endpoint: this.recorder.endpoint, region: REGION, credentials: { accessKeyId, secretAccessKey: 'test' } },
    });
    const values = declared.map(async ({ Name, ValueFrom }) => {
      const parameter = ValueFrom.slice(ValueFrom.indexOf(':parameter/') + ':parameter'.length);
      const { Parameters: [found] = [] } = await ssm.send(
        new GetParametersCommand({ Names: [parameter], WithDecryption: true }),
      );
      if (found?.Value === undefined) throw new Error(`ResourceInitializationError: unable to find ${parameter}`);
      return [Name, found.Value] as const;
    });
    return Object.fromEntries(await Promise.all(values));
  }

  private roomOf(arn: string): Room | undefined {
    const definition = this.#taskDefinitions.get(arn);
    if (definition === undefined) return undefined;
    const sum = (of: (container: ContainerDefinition) => number): number =>
      definition.containers.reduce((total, container) => total + of(container), 0);
    return {
      gpus: sum((container) => Number(container.ResourceRequirements?.find(({ Type }) => Type === 'GPU')?.Value ?? 0)),
      cpu: sum((container) => container.Cpu ?? 0),
      memoryMiB: sum((container) => container.Memory ?? 0),
    };
  }

  private startTask(task: StandInTask): Containers {
    const definition = this.#taskDefinitions.get(task.taskDefinition);
    if (definition === undefined) throw new Error(`No task definition ${task.taskDefinition}`);
    const running = this.options.startTask({
      task,
      containers: definition.containers,
      credentials: this.credentials(definition.role),
      secrets: (name) => this.secretsOf(definition.containers, name, definition.executionRole),
      overrides: overridesOf(task.overrides),
    });
    this.#running.set(task, running);
    return running;
  }
}

/** Where custom resources answer. */
class ResponseUrl {
  readonly received: unknown[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void text(request).then((body) => {
        this.received.push(JSON.parse(body));
        response.end();
      });
    });
  }

  static async listen(): Promise<ResponseUrl> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ResponseUrl(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.server.close();
  }
}

/** Variables by container, from `RunTask`'s `overrides`. */
function overridesOf(overrides: unknown): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const { containerOverrides = [] } = (overrides ?? {}) as {
    containerOverrides?: readonly { name: string; environment?: readonly { name: string; value: string }[] }[];
  };
  return Object.fromEntries(
    containerOverrides.map(({ name, environment = [] }) => [
      name,
      Object.fromEntries(environment.map((variable) => [variable.name, variable.value])),
    ]),
  );
}

/** An access key id that stands for a role. */
function principalOf(roleArn: string): string {
  return (roleArn.split('/').at(-1) ?? 'nobody').replace(/[^A-Za-z0-9]/g, '');
}
