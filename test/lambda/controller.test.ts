/** The controller's bundle called as Lambda calls it, on an emulated account. */
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { build } from 'esbuild';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoAppStore } from '../../runtime/aws/app-store';
import { blobClient, S3BlobStore } from '../../runtime/aws/blob-store';
import { SystemClock } from '../../runtime/aws/clock';
import { dynamoClient, type DynamoTable } from '../../runtime/aws/dynamo-table';
import { DynamoRequestStore } from '../../runtime/aws/request-store';
import { DynamoRunnerRegistry } from '../../runtime/aws/runner-registry';
import { ResourceNames, VARIABLE } from '../../runtime/aws-layout';
import { METRIC_DIMENSION, METRIC_NAMESPACE } from '../../runtime/aws-metrics';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { submitted } from '../../runtime/domain/request';
import { TaggedIds } from '../../runtime/domain/tagged-id';
import { LambdaProcess } from '../aws/lambda-process';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { createTable } from '../support/dynamo-table';
import { appSpec } from '../support/records';
import { TraceDaemon } from './trace-daemon';

const NAMES = new ResourceNames('studio');
const APP = 'studio/painter';
const FIRING = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };
const root = join(__dirname, '..', '..');

const clock = new SystemClock();
const lines: string[] = [];
let folder: string;
let emulator: AwsEmulator;
let table: DynamoTable;
let controlQueueUrl: string;
let lambda: LambdaProcess;
let sqs: SQSClient;
let ssm: SSMClient;

beforeAll(async () => {
  // In the package, so that what a bundle leaves outside is found.
  folder = await mkdtemp(join(root, 'node_modules', '.cache', 'controller-test-'));
  emulator = await startAwsEmulator();
  const config = clientOf(emulator);
  sqs = new SQSClient(config);
  ssm = new SSMClient(config);
  table = await createTable(dynamoClient(config));
  await blobClient({ ...config, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'studio-blobs' }));
  await new ECSClient(config).send(new CreateClusterCommand({ clusterName: NAMES.cluster }));
  controlQueueUrl = await createQueue(NAMES.controlQueue);
  await createQueue(NAMES.appQueue('painter'));
  lambda = await LambdaProcess.start({
    name: 'controller',
    bundle: await bundled(),
    timeoutSeconds: 60,
    environment: environment(),
    onLine: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await lambda.stop();
  await emulator.stop();
  await rm(folder, { recursive: true });
});

test('what is deployed becomes an app, and an idle platform lays out no ticks', async () => {
  await deploy(1);
  await lambda.invoke(FIRING);
  expect(await apps().get(APP)).toMatchObject({ id: APP, revision: '1', deployment: { pools: ['gpu'] } });
  expect(await ticks()).toEqual([]);
});

test('a request that waits gets a runner, ticks follow, and why is in the log', async () => {
  await submit();
  await lambda.invoke({ Records: [{ body: JSON.stringify({ kind: 'poke', app: APP }) }] });
  const runners = await new DynamoRunnerRegistry(table).list(APP, 0);
  expect(runners).toMatchObject([{ app: APP, revision: '1' }]);
  expect((await apps().decisions(APP, 1))[0]?.reason).toBe('0 → 1 runners: 1 request waits and none is ready');
  await lambda.invoke(FIRING);
  expect(await delayed()).toBe(5);
  const logged = lines.find((line) => line.includes('0 → 1 runners'));
  expect(JSON.parse(logged ?? '{}')).toMatchObject({ service: 'controller', app: APP });
});

test('metrics of the app are lines of the log', async () => {
  const metrics = lines
    .filter((line) => line.includes(METRIC_NAMESPACE))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(metrics.at(-1)).toMatchObject({
    App: APP,
    RequestsWaiting: 1,
    RunnersStarting: 1,
    _aws: { CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: [[METRIC_DIMENSION]] }] },
  });
});

test('a new task definition is a new revision, and its settings are taken over', async () => {
  await deploy(2, { keep_alive: 7 });
  await lambda.invoke(FIRING);
  expect(await apps().get(APP)).toMatchObject({ revision: '2', spec: { keep_alive: 7 }, earlier: [{ revision: '1' }] });
});

test('a parameter that says nothing useful changes nothing, and is told', async () => {
  await ssm.send(
    new PutParameterCommand({ Name: NAMES.appParameter('painter'), Type: 'String', Value: '{}', Overwrite: true }),
  );
  await lambda.invoke(FIRING);
  expect(await apps().get(APP)).toMatchObject({ revision: '2' });
  expect(lines.join('\n')).toContain(`The SSM parameter ${NAMES.appParameter('painter')} is not used`);
});

test('an app whose parameter is missing at one reading stays', async () => {
  await ssm.send(new DeleteParameterCommand({ Name: NAMES.appParameter('painter') }));
  await lambda.invoke(FIRING);
  expect((await apps().get(APP))?.closingSince).toBeUndefined();
});

test('a turn is traced by what woke the controller, with the error that ends it', async () => {
  const daemon = await TraceDaemon.start();
  const traced = await LambdaProcess.start({
    name: 'controller',
    bundle: join(folder, 'index.mjs'),
    timeoutSeconds: 60,
    environment: { ...environment(), ...daemon.environment, [VARIABLE.table]: 'gone' },
  });
  try {
    const headers = { 'x-amzn-trace-id': `Root=1-65a1b2c3-${'a'.repeat(24)};Parent=53995c3f42cd8ad8;Sampled=1` };
    await expect(traced.invoke(FIRING, headers)).rejects.toThrow('ResourceNotFoundException');
    expect(await daemon.sent(1)).toMatchObject([
      { name: '## controller', annotations: { route: 'tick' }, fault: true, cause: { exceptions: [{}] } },
    ]);
  } finally {
    daemon.stop();
    await traced.stop();
  }
});

function apps(): DynamoAppStore {
  return new DynamoAppStore(table, clock);
}

function environment(): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: emulator.region,
    AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
    [VARIABLE.platform]: NAMES.platform,
    [VARIABLE.table]: table.name,
    [VARIABLE.bucket]: 'studio-blobs',
    [VARIABLE.cluster]: NAMES.cluster,
    [VARIABLE.controlQueueUrl]: controlQueueUrl,
  };
}

async function bundled(): Promise<string> {
  await build({
    entryPoints: { index: join(root, 'lambda', 'controller.ts'), tracing: join(root, 'lambda', 'tracing.ts') },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  });
  return join(folder, 'index.mjs');
}

async function createQueue(QueueName: string): Promise<string> {
  return (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
}

async function deploy(revision: number, changes: Parameters<typeof appSpec>[0] = {}): Promise<void> {
  const { requirements: _built, env: _set, ...spec } = appSpec({ name: 'painter', ...changes });
  const deployment: AppDeployment = {
    app: APP,
    spec,
    taskDefinition: `arn:aws:ecs:us-east-1:123456789012:task-definition/${NAMES.taskFamily('painter')}:${revision}`,
    queueUrl: '-',
    pools: ['gpu'],
    gpus: 1,
    cpu: 1024,
    memoryMiB: 1024,
  };
  await ssm.send(
    new PutParameterCommand({
      Name: NAMES.appParameter('painter'),
      Type: 'String',
      Value: JSON.stringify(deployment),
      Overwrite: true,
    }),
  );
}

async function submit(): Promise<void> {
  const config = { ...clientOf(emulator), forcePathStyle: true };
  const store = new DynamoRequestStore({ table, clock, blobs: new S3BlobStore(blobClient(config), 'studio-blobs') });
  const submittedAt = clock.now();
  const head = submitted({
    id: new TaggedIds(randomBytes).next(APP, submittedAt),
    ...{ app: APP, path: '/', mode: 'queue', caller: '', priority: 'normal', retry: {}, submittedAt },
  });
  await store.create(head, { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } });
}

/** Ticks that wait in the control queue without a delay. */
async function ticks(): Promise<readonly string[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: controlQueueUrl, MaxNumberOfMessages: 10 }),
  );
  return Messages.map(({ Body = '' }) => Body);
}

async function delayed(): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: controlQueueUrl, AttributeNames: ['All'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessagesDelayed);
}
