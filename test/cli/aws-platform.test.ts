/**
 * Commands about a platform in an AWS account. The account is emulated by moto; in it are the parameters that a deployed
 * platform has, which lead to a platform on this machine.
 */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { rmSync } from 'node:fs';
import { ResourceNames } from '../../runtime/aws-layout';
import { endAllSgpu, type Sgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { Commands } from './commands';
import { servePlain } from './plain-server';

const names = new ResourceNames('studio');
const folder = new TestFolder();
const AWS = ['--platform', 'studio'];
let aws: AwsEmulator;
let sgpu: Sgpu;
let commands: Commands;

beforeAll(async () => {
  [aws, sgpu] = await Promise.all([startAwsEmulator(), servePlain(folder, ['--auth', 'private'])]);
  commands = new Commands(folder, {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    AWS_CONFIG_FILE: folder.file('aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: folder.file('aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  await putParameter(names.platformParameter, 'String', JSON.stringify({ publicUrl: sgpu.url }));
  await putParameter(names.adminKey, 'SecureString', sgpu.key);
});
afterAll(async () => {
  await endAllSgpu();
  await aws.stop();
  folder.remove();
});

async function putParameter(Name: string, Type: 'String' | 'SecureString', Value: string): Promise<void> {
  await new SSMClient(clientOf(aws)).send(new PutParameterCommand({ Name, Type, Value }));
}

test('a platform is found by its name, with AWS credentials alone', async () => {
  expect(await commands.json('apps', 'list', ...AWS)).toMatchObject({ apps: [{ app_id: 'local/plain' }] });
  const { errors } = await commands.run('auth', 'whoami', ...AWS, '-v');
  expect(errors).toMatch(/^aws SSM GetParameters ok \d+ ms$/m);
  expect(errors).not.toContain(sgpu.key);
});

test('after a login no key is kept, but how to find the platform', async () => {
  expect(await commands.text('auth', 'login', ...AWS, '--region', aws.region)).toMatch(/saved as profile studio$/);
  expect(await commands.json('profile', 'list')).toEqual({
    profiles: [{ name: 'studio', target: `platform studio (${aws.region})`, current: true }],
  });
  expect(await commands.text('auth', 'whoami')).toBe(`local (ADMIN) at ${sgpu.url}`);
  await commands.text('auth', 'logout');
});

test('a platform that is not there, and credentials or a region that are missing, are told with what to do', async () => {
  expect(await commands.refusal('list', '--platform', 'nowhere')).toBe(
    `sgpu: There is no platform 'nowhere' in ${aws.region}: check --platform, --region and --aws-profile, or deploy one by \`sgpu deploy\``,
  );
  const poor = new Commands(folder, {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_CONFIG_FILE: folder.file('aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: folder.file('aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  expect(await poor.refusal('list', ...AWS)).toMatch(
    /^sgpu: No AWS credentials to find the platform 'studio': run `aws/,
  );
  expect(await poor.refusal('list', ...AWS, '--aws-profile', 'work')).toMatch(/^sgpu: No AWS credentials/);
});

test('secrets are kept in Secrets Manager, where tasks read them', async () => {
  await commands.text('secrets', 'set', 'HF_TOKEN=hf_secret', ...AWS);
  await commands.text('secrets', 'set', 'HF_TOKEN=hf_second', ...AWS);
  expect(await commands.json('secrets', 'list', ...AWS)).toEqual({ secrets: [{ name: 'HF_TOKEN' }] });
  const stored = await new SecretsManagerClient(clientOf(aws)).send(
    new GetSecretValueCommand({ SecretId: names.secret('HF_TOKEN') }),
  );
  expect(stored.SecretString).toBe('hf_second');
  await commands.text('secrets', 'unset', 'HF_TOKEN', ...AWS);
  expect(await commands.json('secrets', 'list', ...AWS)).toEqual({ secrets: [] });
});

test('logs come from CloudWatch, those of the app and not of its agent', async () => {
  expect(await commands.refusal('logs', 'plain', ...AWS)).toMatch(/has no log group \/sgpu\/studio\/apps\/plain/);
  const logs = new CloudWatchLogsClient(clientOf(aws));
  const logGroupName = names.appLogGroup('plain');
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const [logStreamName, message] of [
    ['runner/app/0123', 'painting'],
    ['agent/agent/0123', 'heartbeat'],
  ] as const) {
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    const logEvents = [{ timestamp: Date.now() - 5_000, message }];
    await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  }
  const line = await commands.text('logs', 'plain', '--json', ...AWS);
  expect(JSON.parse(line)).toMatchObject({ message: 'painting', runner_id: '0123' });
  expect((await commands.run('logs', 'plain', '--since', '1s', ...AWS)).errors).toMatch(/^No lines/);
});

test('an app that another CDK project deployed is not deleted', async () => {
  expect(await commands.refusal('delete', 'plain', '--yes', ...AWS)).toMatch(
    /^sgpu: local\/plain was not deployed by `sgpu deploy`: remove it from the CDK project/,
  );
});

describe('doctor', () => {
  const found = async (...args: readonly string[]): Promise<Record<string, { status: string; text: string }>> => {
    const { code, out } = await commands.run('doctor', ...args, '--output', 'json');
    const { findings } = JSON.parse(out) as { findings: readonly { check: string; status: string; text: string }[] };
    expect(code).toBe(findings.some(({ status }) => status === 'problem') ? 1 : 0);
    return Object.fromEntries(findings.map(({ check, ...finding }) => [check, finding]));
  };

  test('says what a first deployment would fail on, and how to mend it', async () => {
    folder.write('painter.py', PAINTER);
    const findings = await found('painter.py', ...AWS, '--machine-type', 'GPU-A10G');
    expect(findings).toMatchObject({
      app: { status: 'ok', text: "painter.py is app 'painter' on CPU" },
      credentials: { status: 'ok' },
      bootstrap: { status: 'problem', mend: expect.stringContaining('cdk bootstrap') },
      'zones with GPU-A10G': { status: 'ok', text: expect.stringMatching(/^g5\.xlarge is offered in us-east-1a/) },
      platform: { status: 'ok', text: expect.stringContaining(sgpu.url) },
    });
  });

  test('a broken app and missing credentials are findings as well', async () => {
    folder.write('broken.py', 'import fal\n\nclass Broken(fal.App:\n');
    expect(await found('broken.py', ...AWS)).toMatchObject({ app: { status: 'problem' } });
    const { code, out } = await new Commands(folder, {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_REGION: 'us-east-1',
      AWS_CONFIG_FILE: folder.file('aws-config'),
      AWS_SHARED_CREDENTIALS_FILE: folder.file('aws-credentials'),
    }).run('doctor');
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/credentials: No AWS credentials .*\n.*→ run `aws configure`/),
    ]);
  });
});

describe('deploying', () => {
  test('--check shows what an app and its platform would be made of, and makes nothing', async () => {
    folder.write('painter.py', PAINTER);
    const { code, out, errors } = await commands.run('deploy', 'painter.py::Painter', '--check', ...AWS2);
    expect({ code, out, errors }).toMatchObject({ code: 0, out: '' });
    expect(errors).toMatch(/Deploying 'Painter' as app 'painter'/);
    expect(errors).toMatch(/\[\+\] AWS::ECS::TaskDefinition/);
    expect(errors).toMatch(/\[\+\] AWS::DynamoDB::Table/);
  });

  test('in a CDK project it is that which is deployed', async () => {
    const library = JSON.stringify(require.resolve('aws-cdk-lib'));
    folder.write(
      'project.cjs',
      `const { App, Stack, aws_sqs: sqs } = require(${library});
       const app = new App();
       new sqs.Queue(new Stack(app, 'OfTheProject'), 'Queue');
       app.synth();`,
    );
    folder.write('cdk.json', JSON.stringify({ app: `node '${folder.file('project.cjs')}'` }));
    const { code, out, errors } = await commands.run('deploy', '--check');
    expect({ code, out, errors }).toEqual({
      code: 0,
      out: '',
      errors: expect.stringMatching(/\[\+\] AWS::SQS::Queue/),
    });
    folder.write('cdk.json', '{}');
    expect(await commands.refusal('deploy')).toMatch(/^sgpu: cdk\.json names no app/);
    rmSync(folder.file('cdk.json'));
  });

  test('without a file and without a CDK project there is nothing to deploy', async () => {
    expect(await commands.refusal('deploy')).toMatch(/^sgpu: Deploy what\? Name FILE\.py::ClassName/);
    expect(await commands.refusal('deploy', 'missing.py')).toBe('sgpu: There is no file missing.py');
  });
});

const AWS2 = ['--platform', 'new-one'];

const PAINTER = `
import fal

class Painter(fal.App):
    machine_type = "CPU"

    @fal.endpoint("/")
    def paint(self) -> dict:
        return {}
`;
