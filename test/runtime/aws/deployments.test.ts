import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { newDeployment, SsmDeployments } from '../../../runtime/aws/deployments';
import { ResourceNames } from '../../../runtime/aws-layout';
import type { AppDeployment, PoolDeployment } from '../../../runtime/domain/deployment';
import { exampleApp } from '../../contract/example-app';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';

const { requirements: _built, env: _set, ...spec } = exampleApp().spec;

describe('what is deployed', () => {
  let emulator: AwsEmulator;
  let client: SSMClient;
  let platforms = 0;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    client = new SSMClient(clientOf(emulator));
  });
  afterAll(async () => {
    client.destroy();
    await emulator.stop();
  });

  const platform = (): { names: ResourceNames; put: (name: string, value: unknown) => Promise<unknown> } => ({
    names: new ResourceNames(`platform-${platforms++}`),
    put: (Name, value) =>
      client.send(
        new PutParameterCommand({
          Name,
          Type: 'String',
          Value: typeof value === 'string' ? value : JSON.stringify(value),
        }),
      ),
  });

  it('is read as it was written, page after page', async () => {
    const { names, put } = platform();
    const apps = Array.from({ length: 23 }, (_, number) => appDeployment({ app: `owner/app-${number}` }));
    await put(names.platformParameter, { publicUrl: 'https://gpu.test' });
    await put(names.poolParameter('spot'), pool({ pool: 'spot', market: 'spot', dedicatedTo: 'owner/app-1' }));
    for (const app of apps) await put(names.appParameter(app.app.replace('owner/', '')), app);
    const read = await new SsmDeployments(client, names).read();
    expect(read.platform).toEqual({ publicUrl: 'https://gpu.test' });
    expect(read.pools).toEqual([pool({ pool: 'spot', market: 'spot', dedicatedTo: 'owner/app-1' })]);
    expect([...read.apps].sort((a, b) => (a.queueUrl + a.app < b.queueUrl + b.app ? -1 : 1))).toEqual(
      [...apps].sort((a, b) => (a.app < b.app ? -1 : 1)),
    );
    expect(read.problems).toEqual([]);
  });

  it('is nothing before the first deployment', async () => {
    expect(await new SsmDeployments(client, platform().names).read()).toEqual({ pools: [], apps: [], problems: [] });
  });

  it('is read without touching the secrets beside it', async () => {
    const { names } = platform();
    const asked: string[] = [];
    client.middlewareStack.add(
      (next) => (call) => {
        const { Path, Name } = call.input as { readonly Path?: string; readonly Name?: string };
        asked.push(Path ?? Name ?? '');
        return next(call);
      },
      { step: 'initialize', name: 'asked' },
    );
    await new SsmDeployments(client, names).read();
    client.middlewareStack.remove('asked');
    expect(asked.sort()).toEqual([names.appsPath, names.platformParameter, names.poolsPath]);
  });

  it('holds nothing of a platform whose name begins alike', async () => {
    const { names, put } = platform();
    await put(new ResourceNames(`${names.platform}-b`).appParameter('app'), appDeployment());
    expect((await new SsmDeployments(client, names).read()).apps).toEqual([]);
  });

  it.each([
    ['no JSON', 'no json', 'JSON'],
    ['a missing field', { ...appDeployment(), queueUrl: undefined }, 'queueUrl is missing'],
    ['a wrong setting', { ...appDeployment(), spec: { ...spec, keep_alive: -1 } }, 'keep_alive'],
    ['a task definition without its revision', appDeployment({ taskDefinition: 'family' }), 'no ARN'],
  ])('leaves out a parameter that has %s, and says so', async (_what, value, reason) => {
    const { names, put } = platform();
    await put(names.appParameter('broken'), value);
    await put(names.appParameter('whole'), appDeployment());
    const read = await new SsmDeployments(client, names).read();
    expect(read.apps).toEqual([appDeployment()]);
    expect(read.problems).toEqual([expect.stringContaining(names.appParameter('broken'))]);
    expect(read.problems[0]).toContain(reason);
  });
});

describe('an app as it is deployed', () => {
  it('has the number of its task definition as its revision', () => {
    const { app, spec: _settings, strategy, ...revision } = appDeployment({ strategy: 'recreate' });
    expect(newDeployment(appDeployment({ strategy: 'recreate' }))).toEqual({
      id: app,
      revision: '17',
      spec: { ...spec, requirements: [], env: {} },
      deployment: revision,
      strategy,
    });
  });
});

function appDeployment(over: Partial<AppDeployment> = {}): AppDeployment {
  return {
    app: 'owner/app',
    spec,
    taskDefinition: 'arn:aws:ecs:us-east-1:123456789012:task-definition/sgpu-x-app:17',
    queueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/sgpu-x-app',
    pools: ['spot', 'on-demand'],
    gpus: 1,
    cpu: 4096,
    memoryMiB: 15_000,
    ...over,
  };
}

function pool(over: Partial<PoolDeployment> = {}): PoolDeployment {
  return {
    pool: 'on-demand',
    instanceType: 'g5.xlarge',
    market: 'on-demand',
    autoScalingGroup: 'sgpu-x-pool-on-demand',
    gpus: 1,
    cpu: 4096,
    memoryMiB: 15_500,
    keepAlive: 300,
    maxMachines: 4,
    ...over,
  };
}
