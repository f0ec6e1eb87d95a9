/** What the template gives to whom: least rights, nothing open, everything encrypted. */
import { type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Capacity, MachineType, NetworkMode, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { newStack, OCR } from './synthesis';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const stack = newStack();
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'hf-token');
const app = new ServerlessGpuApp(stack, 'Ocr', {
  source: OCR,
  machineType: MachineType.GPU_A10G,
  capacity: Capacity.spot(),
  secrets: { HF_TOKEN: ecs.Secret.fromSecretsManager(secret) },
});
const user = new iam.User(stack, 'User');
app.grantInvoke(user);
app.grantSend(user);
const template = Template.fromStack(stack);

const all = Object.values(template.toJSON().Resources as Readonly<Record<string, Resource>>);
const ofType = (type: string): readonly Resource[] => all.filter((resource) => resource.Type === type);

test('no security group lets anybody in but machines to the file system', () => {
  const ingress = ofType('AWS::EC2::SecurityGroupIngress');
  expect(ingress.map(({ Properties }) => [Properties.FromPort, Properties.CidrIp])).toEqual([[2049, undefined]]);
  for (const { Properties } of ofType('AWS::EC2::SecurityGroup'))
    expect(Properties.SecurityGroupIngress).toBeUndefined();
});

test('machines answer no container that asks for their credentials, and their disks are encrypted', () => {
  template.allResourcesProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: {
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeType: 'gp3' } }],
      ImageId: 'resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id',
    },
  });
});

test('queues and bucket refuse what comes without TLS', () => {
  const denied = { Action: Match.anyValue(), Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
  const statement = { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike(denied)]) } };
  template.allResourcesProperties('AWS::SQS::QueuePolicy', statement);
  template.allResourcesProperties('AWS::S3::BucketPolicy', statement);
  expect(ofType('AWS::SQS::QueuePolicy')).toHaveLength(ofType('AWS::SQS::Queue').length);
});

test('volumes are mounted with TLS, as the role of the app', () => {
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Volumes: Match.arrayWith([
      Match.objectLike({
        EFSVolumeConfiguration: Match.objectLike({
          TransitEncryption: 'ENABLED',
          AuthorizationConfig: Match.objectLike({ IAM: 'ENABLED' }),
        }),
      }),
    ]),
  });
});

test('a runner reaches the items of its own app alone', () => {
  const [role] = Object.values(template.findResources('AWS::IAM::Role')).filter((one) =>
    JSON.stringify(one).includes('dynamodb:LeadingKeys'),
  );
  const statements = JSON.stringify(role);
  expect(statements).toContain('"app#gpu/ocr"');
  expect(statements).not.toMatch(/"Resource":"\*"|ecs:|autoscaling:|iam:PassRole/);
});

/** Actions whose service takes no resource, or that a condition limits to the cluster. */
const WITHOUT_RESOURCE =
  /^(autoscaling:Describe|ec2:CreateFleet$|ec2:DescribeLaunchTemplateVersions$|ecr:GetAuthorizationToken$|ecs:DiscoverPollEndpoint$)/;

test('no policy says * where the API takes a resource', () => {
  const wide = ofType('AWS::IAM::Role')
    .concat(ofType('AWS::IAM::Policy'))
    .flatMap(statementsOf)
    .filter(({ Resource: resource, Condition: condition }) => resource === '*' && condition === undefined)
    .flatMap(({ Action: action }) => action);
  expect(wide.filter((action) => !WITHOUT_RESOURCE.test(action))).toEqual([]);
});

test('the value of no secret is in the template', () => {
  expect(JSON.stringify(template.toJSON())).not.toMatch(/resolve:secretsmanager|SecretString/);
});

test('nobody is made to use a launch configuration, a NAT gateway or a look-up', () => {
  template.resourceCountIs('AWS::AutoScaling::LaunchConfiguration', 0);
  template.resourceCountIs('AWS::EC2::NatGateway', 0);
});

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function statementsOf({ Properties }: Resource): readonly Statement[] {
  const { Policies = [], PolicyDocument } = Properties as {
    Policies?: { PolicyDocument: unknown }[];
    PolicyDocument?: unknown;
  };
  return [PolicyDocument, ...Policies.map((policy) => policy.PolicyDocument)]
    .filter((document) => document !== undefined)
    .flatMap((document) => (document as { Statement: { Action: string | string[]; Resource: unknown }[] }).Statement)
    .map((statement) => ({ ...statement, Action: [statement.Action].flat() }));
}

/** USD a month of what costs while nothing runs, without what is stored (us-east-1, July 2026; 730 hours). */
const MONTHLY: Readonly<Record<string, (resource: Resource) => number>> = {
  'AWS::EC2::NatGateway': () => 0.045 * 730,
  // The address of the NAT gateway.
  'AWS::EC2::EIP': () => 0.005 * 730,
  'AWS::EC2::VPCEndpoint': ({ Properties }) =>
    Properties.VpcEndpointType === 'Interface' ? 0.01 * 730 * (Properties.SubnetIds as unknown[]).length : 0,
  // Lambda's poller asks five times in 20 seconds: requests past the first free million.
  'AWS::Lambda::EventSourceMapping': () => 0.4 * Math.max(0, (5 * 3 * 60 * 730) / 1e6 - 1),
  // Each minute, 2 s of 512 MB at the price of Arm, without the free tier.
  'AWS::Events::Rule': () => 60 * 730 * (2 * 0.5 * 0.0000133334 + 0.2e-6),
  'AWS::SecretsManager::Secret': () => 0.4,
  'AWS::KMS::Key': () => 1,
  'AWS::CloudWatch::Dashboard': () => 3,
  'AWS::CloudWatch::Alarm': () => 0.1,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': () => 0.0225 * 730,
};

test.each([
  ['publicNoIngress', NetworkMode.publicNoIngress(), 1.5],
  ['privateWithNat', NetworkMode.privateWithNat(), 38],
  ['isolated', NetworkMode.isolated(), 119],
] as const)('a platform that rests costs as %s says', (_name, network, most) => {
  const resting = newStack();
  const platform = new ServerlessGpuPlatform(resting, 'Platform', { network });
  new ServerlessGpuApp(resting, 'Ocr', { source: OCR, platform });
  expect(monthly(resting)).toBeLessThanOrEqual(most);
});

function monthly(resting: Stack): number {
  const resources = Object.values(Template.fromStack(resting).toJSON().Resources as Readonly<Record<string, Resource>>);
  return resources.reduce((sum, resource) => sum + (MONTHLY[resource.Type]?.(resource) ?? 0), 0);
}
