import { readCall } from './recorded-call';

const account = { account: '111122223333', region: 'eu-west-1' };

function call(
  service: string,
  target: string | undefined,
  fields: unknown,
  http: { method?: string; path?: string } = {},
) {
  return readCall(
    {
      method: http.method ?? 'POST',
      target: http.path ?? '/',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=RUNNER/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host`,
        ...(target === undefined ? {} : { 'x-amz-target': target }),
      },
      body: Buffer.from(typeof fields === 'string' ? fields : JSON.stringify(fields)),
    },
    account,
    0,
  ).map(({ principal, action, resources, context }) => ({ principal, action, resources, context }));
}

const principal = 'RUNNER';

test('a write to the table names its partition', () => {
  expect(
    call('dynamodb', 'DynamoDB_20120810.UpdateItem', {
      TableName: 't',
      Key: { pk: { S: 'request#1' }, sk: { S: 'head' } },
    }),
  ).toEqual([
    {
      principal,
      action: 'dynamodb:UpdateItem',
      resources: ['arn:aws:dynamodb:eu-west-1:111122223333:table/t'],
      context: { 'dynamodb:LeadingKeys': ['request#1'] },
    },
  ]);
});

test('a query of an index names the partition of the index', () => {
  const fields = {
    TableName: 't',
    IndexName: 'queue',
    KeyConditionExpression: '#p = :p AND #s > :s',
    ExpressionAttributeValues: { ':s': { S: 'x' }, ':p': { S: 'queue#me/app#waiting' } },
  };
  expect(call('dynamodb', 'DynamoDB_20120810.Query', fields)).toEqual([
    {
      principal,
      action: 'dynamodb:Query',
      resources: ['arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/queue'],
      context: { 'dynamodb:LeadingKeys': ['queue#me/app#waiting'] },
    },
  ]);
});

test('a transaction needs the permissions of its parts', () => {
  const item = (pk: string) => ({ TableName: 't', Key: { pk: { S: pk } } });
  const fields = {
    TransactItems: [
      { Update: item('a') },
      { Put: { TableName: 't', Item: { pk: { S: 'b' } } } },
      { ConditionCheck: item('c') },
    ],
  };
  const parts = call('dynamodb', 'DynamoDB_20120810.TransactWriteItems', fields);
  expect(parts.map(({ action, context }) => [action, context['dynamodb:LeadingKeys']])).toEqual([
    ['dynamodb:UpdateItem', ['a']],
    ['dynamodb:PutItem', ['b']],
    ['dynamodb:ConditionCheckItem', ['c']],
  ]);
});

test('a batch of messages needs the permission to send one', () => {
  const [sent] = call('sqs', 'AmazonSQS.SendMessageBatch', { QueueUrl: 'http://sqs/111122223333/work' });
  expect(sent).toMatchObject({ action: 'sqs:SendMessage', resources: ['arn:aws:sqs:eu-west-1:111122223333:work'] });
});

test('objects are named by bucket and key', () => {
  expect(
    call('s3', undefined, '', { method: 'PUT', path: '/bucket/requests/1/input?x-id=PutObject' })[0],
  ).toMatchObject({
    action: 's3:PutObject',
    resources: ['arn:aws:s3:::bucket/requests/1/input'],
  });
});

test('running a task with tags needs the permission to tag it, on the cluster named', () => {
  const fields = { cluster: 'c', taskDefinition: 'family:3', tags: [{ key: 'a', value: 'b' }] };
  expect(call('ecs', 'AmazonEC2ContainerServiceV20141113.RunTask', fields)).toMatchObject([
    {
      action: 'ecs:RunTask',
      resources: ['arn:aws:ecs:eu-west-1:111122223333:task-definition/family:3'],
      context: { 'ecs:cluster': 'arn:aws:ecs:eu-west-1:111122223333:cluster/c' },
    },
    { action: 'ecs:TagResource' },
  ]);
});

test('calls of the query protocol name their action and group', () => {
  const body = 'Action=SetDesiredCapacity&AutoScalingGroupName=pool&DesiredCapacity=1';
  expect(call('autoscaling', undefined, body)[0]).toMatchObject({
    action: 'autoscaling:SetDesiredCapacity',
    resources: ['arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:*:autoScalingGroupName/pool'],
  });
});
