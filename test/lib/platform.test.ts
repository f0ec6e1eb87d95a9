/** What a platform offers over all of its apps, and who may use it. */
import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AppSource, MachineType, RunnerState, ServerlessGpuApp, ServerlessGpuPlatform } from '../../lib';
import { newApp, newStack } from './synthesis';

const source = AppSource.image(ecs.ContainerImage.fromRegistry('vllm/vllm-openai'), { port: 8000 });

/** A platform with an app in its own stack and one in another. */
function platformWithApps(): { readonly stack: Stack; readonly platform: ServerlessGpuPlatform } {
  const app = newApp();
  const stack = new Stack(app, 'Gpu');
  const platform = new ServerlessGpuPlatform(stack, 'Platform');
  for (const [scope, id] of [
    [stack, 'Chat'],
    [new Stack(app, 'Other'), 'Ocr'],
  ] as const) {
    new ServerlessGpuApp(scope, id, { source, platform, machineType: MachineType.M });
  }
  return { stack, platform };
}

test.each([
  [true, { Mode: 'Active' }, 2],
  [false, Match.absent(), 0],
])('X-Ray gets traces of gateway and controller when `tracing` is %s', (tracing, TracingConfig, traced) => {
  const stack = newStack();
  new ServerlessGpuPlatform(stack, 'Platform', { tracing });
  const template = Template.fromStack(stack);
  for (const Description of ['The HTTP API of gpu', 'Starts and ends runners and machines of gpu']) {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description,
      TracingConfig,
      Environment: { Variables: { SGPU_TRACING: tracing ? 'true' : Match.absent() } },
    });
  }
  template.resourcePropertiesCountIs('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } }, traced);
  const Statement = Match.arrayWith([
    Match.objectLike({ Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], Resource: '*' }),
  ]);
  const Policies = [Match.objectLike({ PolicyDocument: Match.objectLike({ Statement }) })];
  template.resourcePropertiesCountIs('AWS::IAM::Role', { Policies }, traced);
});

test('work for all apps is granted queue by queue, without a reference to another stack', () => {
  const { stack, platform } = platformWithApps();
  platform.grantSend(new iam.User(stack, 'User'));
  const arn = (name: string): object => ({
    'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(`:sgpu-gpu-${name}$`)])],
  });
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [
        Match.objectLike({ Action: Match.arrayWith(['sqs:SendMessage']), Resource: [arn('chat'), arn('ocr')] }),
      ],
    },
  });
  expect(stack.dependencies).toEqual([]);
});

test.each([
  ['call', 'invoke-key', (from: ServerlessGpuPlatform | ServerlessGpuApp, to: iam.IGrantable) => from.grantInvoke(to)],
  [
    'administer',
    'admin-key',
    (from: ServerlessGpuPlatform | ServerlessGpuApp, to: iam.IGrantable) => from.grantAdminister(to),
  ],
] as const)('who may %s may read that one key, of an app as of its platform', (_what, key, grant) => {
  const stack = newStack();
  const platform = new ServerlessGpuPlatform(stack, 'Platform');
  const app = new ServerlessGpuApp(stack, 'Chat', { source, platform, machineType: MachineType.M });
  for (const from of [platform, app]) grant(from, new iam.User(stack, `User${from.node.id}`));
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter((policy) =>
    JSON.stringify(policy).includes('"Users"'),
  );
  expect(policies).toHaveLength(2);
  for (const { Properties } of policies) {
    const { PolicyDocument } = Properties as { PolicyDocument: { Statement: readonly object[] } };
    expect(PolicyDocument.Statement).toMatchObject([{ Action: 'ssm:GetParameter', Effect: 'Allow' }]);
    expect(JSON.stringify(PolicyDocument)).toContain(`:parameter/sgpu/gpu/secrets/${key}"`);
  }
});

test('numbers of a platform are sums over its apps, or the worst of them', () => {
  const { stack, platform } = platformWithApps();
  const expressionOf = (metric: cloudwatch.MathExpression): unknown => {
    const { mathExpression } = metric.toMetricConfig();
    return [
      mathExpression?.expression,
      Object.values(mathExpression?.usingMetrics ?? {}).map(
        (one) => one.toMetricConfig().metricStat?.dimensions?.[0]?.value as string,
      ),
    ];
  };
  const apps = ['gpu/chat', 'gpu/ocr'];
  expect(expressionOf(platform.metricWaiting())).toEqual(['SUM([FILL(app0, 0), FILL(app1, 0)])', apps]);
  expect(expressionOf(platform.metricQueueAge())).toEqual(['MAX([FILL(app0, 0), FILL(app1, 0)])', apps]);
  new cloudwatch.Alarm(stack, 'Idle', {
    metric: platform.metricRunners(RunnerState.IDLE),
    threshold: 3,
    evaluationPeriods: 1,
  });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    Metrics: Match.arrayWith([
      Match.objectLike({ Expression: 'SUM([FILL(app0, 0), FILL(app1, 0)])' }),
      Match.objectLike({ MetricStat: Match.objectLike({ Metric: Match.objectLike({ Namespace: 'ServerlessGpu' }) }) }),
    ]),
  });
});

test('a platform without apps has nothing to measure or to send to', () => {
  const stack = newStack();
  const platform = new ServerlessGpuPlatform(stack, 'Platform');
  expect(() => platform.metricErrors()).toThrow(/^Gpu\/Platform: .*make one first/);
  expect(() => platform.grantSend(new iam.User(stack, 'User'))).toThrow(/^Gpu\/Platform: .*make one first/);
});

test('a controller that fails or falls behind raises an alarm', () => {
  const stack = newStack();
  const topic = new sns.Topic(stack, 'Topic');
  new ServerlessGpuPlatform(stack, 'Platform').addRecommendedAlarms({ actions: [new SnsAction(topic)] });
  const template = Template.fromStack(stack);
  for (const MetricName of ['Errors', 'ApproximateAgeOfOldestMessage']) {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName,
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    });
  }
});

test('an app has each of its numbers, by its own name', () => {
  const stack = newStack();
  const app = new ServerlessGpuApp(stack, 'Chat', { source, machineType: MachineType.M });
  const metrics = [
    app.metricQueueAge(),
    app.metricTimeToDrain(),
    app.metricWaiting(),
    app.metricInProgress(),
    ...Object.values(RunnerState).map((state) => app.metricRunners(state)),
    app.metricColdStarts(),
    app.metricColdStartTime(),
    app.metricFailedStarts(),
    app.metricLatency(),
    app.metricErrors(),
    app.metricEstimatedCost(),
  ];
  expect(new Set(metrics.map(({ metricName }) => metricName)).size).toBe(metrics.length);
  expect(metrics.map(({ dimensions }) => dimensions)).toEqual(metrics.map(() => ({ App: 'gpu/chat' })));
});

test('everything of an app carries its tag, by which its cost is known', () => {
  const stack = newStack();
  new ServerlessGpuApp(stack, 'Chat', { source, machineType: MachineType.M });
  const template = Template.fromStack(stack);
  const tag = { Key: 'sgpu:app', Value: 'gpu/chat' };
  for (const type of ['AWS::SQS::Queue', 'AWS::ECS::TaskDefinition', 'AWS::Logs::LogGroup', 'AWS::IAM::Role']) {
    template.hasResourceProperties(type, { Tags: Match.arrayWith([tag]) });
  }
});
