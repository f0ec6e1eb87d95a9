/** `sgpu deploy` again and again: what goes through CloudFormation, and what beside it. */
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { chmodSync, readFileSync } from 'node:fs';
import { ResourceNames } from '../../runtime/aws-layout';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { endAllSgpu } from '../end-to-end/sgpu-program';
import { TestFolder } from '../end-to-end/test-folder';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../support/aws-emulator';
import { startCloudFormation, type CloudFormationStandIn } from './cloud-formation-stand-in';
import { Commands } from './commands';

const names = new ResourceNames('new-one');
const folder = new TestFolder();
/** What lies beside an app goes into its image. */
const elsewhere = new TestFolder();
let aws: AwsEmulator;
let cloudFormation: CloudFormationStandIn;
let commands: Commands;

/** Does nothing, and writes down what it was asked for: there is no image to build on. */
const DOCKER = `#!/bin/sh
echo "$@" >> "$DOCKER_LOG"
[ "$1" != inspect ]
`;

const painter = (colour: string): string => `
import fal

class Painter(fal.App):
    machine_type = "CPU"

    @fal.endpoint("/")
    def paint(self) -> dict:
        return {"colour": "${colour}"}
`;

beforeAll(async () => {
  aws = await startAwsEmulator();
  cloudFormation = await startCloudFormation(aws);
  chmodSync(elsewhere.write('docker', DOCKER), 0o755);
  commands = new Commands(folder, {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    AWS_CONFIG_FILE: folder.file('aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: folder.file('aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DOCKER: elsewhere.file('docker'),
    DOCKER_LOG: elsewhere.file('docker.log'),
  });
  await bootstrapped();
});
afterAll(async () => {
  await endAllSgpu();
  cloudFormation.stop();
  await aws.stop();
  folder.remove();
  elsewhere.remove();
});

/** What `cdk bootstrap` leaves of which a deployment asks, and a platform that another stack has made. */
async function bootstrapped(): Promise<void> {
  const ssm = new SSMClient(clientOf(aws));
  for (const [Name, Value] of [
    ['/cdk-bootstrap/hnb659fds/version', '30'],
    [names.attributesParameter, 'a,b,c,d,https://gpu.example.com'],
  ] as const) {
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }));
  }
  const s3 = new S3Client({ ...clientOf(aws), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: `cdk-hnb659fds-assets-${ACCOUNT}-us-east-1` }));
  await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.CreateRepository',
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecr/aws4_request',
    },
    body: JSON.stringify({ repositoryName: `cdk-hnb659fds-container-assets-${ACCOUNT}-us-east-1` }),
  });
}

const ACCOUNT = '123456789012';

async function deploy(...args: readonly string[]): Promise<{ readonly revision: string; readonly notes: string }> {
  cloudFormation.changes.length = 0;
  const command = ['deploy', 'painter.py', '--platform', 'new-one', '--detach', '--output', 'json', ...args];
  const { code, out, errors } = await commands.run(...command);
  expect({ code, errors }).toMatchObject({ code: 0 });
  const result = JSON.parse(out) as { readonly revision: string };
  expect(result).toEqual({
    ...{ revision: expect.any(String), app_name: 'painter', app_id: 'new-one/painter', status: 'rolling_out' },
  });
  return { revision: result.revision, notes: errors };
}

async function deployment(): Promise<AppDeployment> {
  const Name = names.appParameter('painter');
  const { Parameter } = await new SSMClient(clientOf(aws)).send(new GetParameterCommand({ Name }));
  return JSON.parse(Parameter?.Value ?? '') as AppDeployment;
}

async function imageOfApp(): Promise<string> {
  const { taskDefinition } = await deployment();
  const ecs = new ECSClient(clientOf(aws));
  const found = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }));
  expect(found.tags).toEqual([{ key: 'sgpu:app', value: 'new-one/painter' }]);
  return found.taskDefinition?.containerDefinitions?.find(({ name }) => name === 'app')?.image ?? '';
}

const pushes = (): readonly string[] =>
  readFileSync(elsewhere.file('docker.log'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('push '));

test('code goes beside CloudFormation, and what CloudFormation knows nothing of is not left running by it', async () => {
  folder.write('painter.py', painter('red'));
  const first = await deploy('--message', 'the first');
  expect(cloudFormation.changes).toContain('ExecuteChangeSet');
  expect(await deployment()).toMatchObject({ app: 'new-one/painter', message: 'the first' });
  const red = await imageOfApp();

  folder.write('painter.py', painter('blue'));
  const second = await deploy('--strategy', 'recreate', '--annotation', 'commit=abc', 'ticket=7');
  expect(second.notes).toMatch(
    /The code alone changes \(image of app\): a new revision after 1, without CloudFormation/,
  );
  expect(cloudFormation.changes).toEqual([]);
  expect(Number(second.revision)).toBeGreaterThan(Number(first.revision));
  const { message, strategy, annotations } = await deployment();
  expect({ message, strategy, annotations }).toEqual({
    ...{ message: undefined, strategy: 'recreate', annotations: { commit: 'abc', ticket: '7' } },
  });
  const blue = await imageOfApp();
  expect([blue.split(':')[0], blue === red]).toEqual([red.split(':')[0], false]);
  expect(pushes()).toContain(`push ${blue}`);

  folder.write('painter.py', painter('red'));
  const third = await deploy('--full', '--message', 'the first');
  expect(third.notes).toMatch(/Revision 2, which was deployed beside CloudFormation, is replaced by that of the stack/);
  expect(await imageOfApp()).toBe(red);
  expect((await deployment()).strategy).toBeUndefined();
});
