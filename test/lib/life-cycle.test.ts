/** The order in which CloudFormation makes and deletes, by which nothing is left running and no work is killed. */
import { Template } from 'aws-cdk-lib/assertions';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Capacity, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { newStack, OCR } from './synthesis';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly UpdateReplacePolicy?: string;
  readonly DeletionPolicy?: string;
}

const stack = newStack();
const platform = new ServerlessGpuPlatform(stack, 'Platform', { removalPolicy: RemovalPolicy.DESTROY });
new ServerlessGpuApp(stack, 'Ocr', { source: OCR, platform });
new ServerlessGpuApp(stack, 'Verified', {
  source: OCR,
  name: 'verified',
  platform,
  verifyOnDeploy: true,
  capacity: Capacity.onDemand({ stoppedMachines: 2 }),
});
const resources = Template.fromStack(stack).toJSON().Resources as Readonly<Record<string, Resource>>;

const teardown = (kind: string, app?: string): string =>
  Object.entries(resources).find(
    ([, { Type, Properties }]) =>
      Type === 'Custom::ServerlessGpuTeardown' &&
      Properties.kind === kind &&
      (app === undefined || Properties.app === app),
  )![0];

/** Whether the first is made after the second, and deleted before it. */
function outlives(second: string, first: string): boolean {
  const { DependsOn = [], Properties } = resources[first]!;
  const needed = [...DependsOn, ...JSON.stringify(Properties).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"([^"]+)"/g)].map(
    (item) => (typeof item === 'string' ? item : item[1]!),
  );
  return needed.includes(second) || needed.some((id) => id in resources && outlives(second, id));
}

const idsOf = (...types: readonly string[]): readonly string[] =>
  Object.keys(resources).filter((id) => types.includes(resources[id]!.Type));

test('an app is drained before anything of it, of its machines or of the platform is deleted', () => {
  const app = teardown('app', 'gpu/ocr');
  expect(outlives(teardown('pool'), app)).toBe(true);
  expect(outlives(teardown('platform'), app)).toBe(true);
  const own = idsOf('AWS::SQS::Queue', 'AWS::ECS::TaskDefinition', 'AWS::EFS::AccessPoint').filter((id) =>
    id.startsWith('Ocr'),
  );
  expect(own.filter((id) => !outlives(id, app))).toEqual([]);
});

test('machines end before their group, their role, their network and the function that ends them', () => {
  const pools = idsOf('Custom::ServerlessGpuTeardown').filter((id) => resources[id]!.Properties.kind === 'pool');
  expect(pools).toHaveLength(2);
  for (const pool of pools) {
    for (const id of idsOf('AWS::Lambda::Function').filter((name) => name.includes('Lifecycle'))) {
      expect(outlives(id, pool)).toBe(true);
    }
  }
  const platformTeardown = teardown('platform');
  const kept = idsOf(
    'AWS::AutoScaling::AutoScalingGroup',
    'AWS::IAM::InstanceProfile',
    'AWS::EC2::Subnet',
    'AWS::DynamoDB::Table',
  );
  expect(kept.filter((id) => !outlives(id, platformTeardown))).toEqual([]);
});

test('a revision that was replaced stays, for an app to fall back to', () => {
  for (const id of idsOf('AWS::ECS::TaskDefinition')) expect(resources[id]!.UpdateReplacePolicy).toBe('Retain');
});

test('a deployment never says how many machines there are, and ends none', () => {
  for (const id of idsOf('AWS::AutoScaling::AutoScalingGroup')) {
    expect(resources[id]!.Properties).toMatchObject({ MinSize: '0', NewInstancesProtectedFromScaleIn: true });
    expect(resources[id]!.Properties.DesiredCapacity).toBeUndefined();
  }
});

test('a deployment that is verified waits for its own revision', () => {
  const [id] = idsOf('Custom::ServerlessGpuVerification');
  expect(resources[id!]!.Properties).toMatchObject({ kind: 'verify', app: 'gpu/verified' });
  const parameter = idsOf('AWS::SSM::Parameter').find(
    (one) => resources[one]!.Properties.Name === '/sgpu/gpu/apps/verified',
  );
  expect(outlives(parameter!, id!)).toBe(true);
});

test('volumes stay when the platform is deleted, unless it is said otherwise', () => {
  const [fileSystem] = idsOf('AWS::EFS::FileSystem');
  expect(resources[fileSystem!]!.DeletionPolicy).toBe('Delete');
  const other = newStack();
  new ServerlessGpuApp(other, 'Ocr', { source: OCR });
  Template.fromStack(other).hasResource('AWS::EFS::FileSystem', { DeletionPolicy: 'Retain' });
});

test('a warm pool is told to the controller and to the agents', () => {
  const [pool] = idsOf('AWS::AutoScaling::WarmPool');
  expect(resources[pool!]!.Properties).toMatchObject({ PoolState: 'Stopped', MinSize: 2 });
  expect(JSON.stringify(resources)).toContain('ECS_WARM_POOLS_CHECK=true');
  expect(JSON.stringify(resources)).toContain(String.raw`\"warmPool\":true`);
});
