import { changesBesidesCode, imageTags, type Template } from '../../cli/deploy/code-change';

const PARAMETER = '/sgpu/p/apps/painter';
const RED = 'a'.repeat(64);
const BLUE = 'b'.repeat(64);

interface Made {
  readonly tag?: string;
  readonly image?: unknown;
  readonly environment?: string;
  readonly deployment?: object;
  readonly resources?: Template['Resources'];
}

/** As the CDK writes it. */
function template({ tag = RED, image, environment = 'a', deployment = {}, resources = {} }: Made = {}): Template {
  const text = JSON.stringify({ ...deployment, app: 'p/painter', taskDefinition: '$' });
  const [before, after] = text.split('$');
  const Image = image ?? { 'Fn::Sub': `\${AWS::AccountId}.dkr.ecr/cdk-hnb659fds-container-assets-1:${tag}` };
  return {
    Parameters: {},
    Resources: {
      Runner: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: { ContainerDefinitions: [{ Name: 'app', Image, Environment: [environment] }] },
      },
      Parameter: {
        Type: 'AWS::SSM::Parameter',
        Properties: { Name: PARAMETER, Value: { 'Fn::Join': ['', [before, { Ref: 'Runner' }, after]] } },
      },
      ...resources,
    },
  };
}

const changes = (before: Made, after: Made): readonly string[] =>
  changesBesidesCode(template(before), template(after), PARAMETER);

test('another tag of an image is code, and so is what a deployment says of itself', () => {
  expect(changes({}, { tag: BLUE })).toEqual([]);
  expect(changes({ deployment: { message: 'old' } }, { deployment: { strategy: 'recreate' } })).toEqual([]);
  expect(imageTags(template({ tag: BLUE }))).toEqual({ app: BLUE });
});

test.each<[string, Made, string]>([
  ['a setting of the app', { deployment: { spec: { keep_alive: 1 } } }, 'AWS::SSM::Parameter Parameter'],
  ['an environment variable', { environment: 'b' }, 'AWS::ECS::TaskDefinition Runner'],
  ['another resource', { resources: { Queue: { Type: 'AWS::SQS::Queue' } } }, 'AWS::SQS::Queue Queue'],
  ['an image from elsewhere', { image: 'nginx:1' }, 'AWS::ECS::TaskDefinition Runner'],
])('%s is more than code', (_what, after, change) => {
  expect(changes({}, after)).toEqual([change]);
});

test('images that the CDK does not build by Docker have no tags to exchange', () => {
  expect(imageTags(template({ image: 'nginx:1' }))).toBeUndefined();
});
