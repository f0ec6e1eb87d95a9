/** What an AWS call asks for: service, action, resources and the context keys that policies look at. */

/** An HTTP request as it went over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface RecordedCall {
  /** The access key id that signed the call: tests give each role its own. */
  readonly principal: string;
  /** IAM's name: `dynamodb:PutItem`. */
  readonly action: string;
  readonly resources: readonly string[];
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly requestBytes: number;
  readonly at: number;
}

export interface AccountOfCalls {
  readonly account: string;
  readonly region: string;
}

/** Reads a signed request. One HTTP call may need several permissions: a transaction needs those of its parts. */
export function readCall(
  request: WireRequest,
  { account, region }: AccountOfCalls,
  at: number,
): readonly RecordedCall[] {
  const { principal, service } = signature(request);
  const where = {
    account,
    region,
    arn: (name: string, path: string) => `arn:aws:${name}:${region}:${account}:${path}`,
  };
  return permissions(service, request, where).map(({ action, resources, context = {} }) => ({
    principal,
    action,
    resources,
    context,
    requestBytes: request.body.length,
    at,
  }));
}

interface Permission {
  readonly action: string;
  readonly resources: readonly string[];
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

interface Where extends AccountOfCalls {
  arn(service: string, path: string): string;
}

type Fields = Readonly<Record<string, unknown>>;

function permissions(service: string, request: WireRequest, where: Where): readonly Permission[] {
  if (service === 's3') return [s3(request)];
  const target = String(request.headers['x-amz-target'] ?? '');
  if (target === '') return [query(service, request, where)];
  const operation = target.split('.').at(-1)!;
  const fields = (request.body.length === 0 ? {} : JSON.parse(request.body.toString())) as Fields;
  return (JSON_SERVICES[service] ?? anything(service))(operation, fields, where);
}

const JSON_SERVICES: Readonly<
  Record<string, (operation: string, fields: Fields, where: Where) => readonly Permission[]>
> = {
  dynamodb,
  sqs: (operation, fields, { arn }) => {
    const name = String(fields.QueueUrl ?? fields.QueueName)
      .split('/')
      .at(-1)!;
    return [{ action: `sqs:${operation.replace(/Batch$/, '')}`, resources: [arn('sqs', name)] }];
  },
  ssm: (operation, fields, { arn }) => {
    const names = [fields.Name, fields.Path, ...((fields.Names as unknown[] | undefined) ?? [])].filter(
      (name) => name !== undefined,
    );
    return [
      {
        action: `ssm:${operation}`,
        resources: names.map((name) => arn('ssm', `parameter${text(name).replace(/\/$/, '')}`)),
      },
    ];
  },
  secretsmanager: (operation, fields, { arn }) => {
    const name = fields.SecretId ?? fields.Name;
    const resource = name === undefined ? '*' : arn('secretsmanager', `secret:${text(name)}-AbCdEf`);
    return [{ action: `secretsmanager:${operation}`, resources: [resource] }];
  },
  logs: (operation, fields, { arn }) => {
    const group = text(fields.logGroupName ?? '*');
    const stream = fields.logStreamName === undefined ? '*' : text(fields.logStreamName);
    return [{ action: `logs:${operation}`, resources: [arn('logs', `log-group:${group}:log-stream:${stream}`)] }];
  },
  ecs,
};

/** Actions of the table; a transaction or batch needs the permission for every partition it touches. */
function dynamodb(operation: string, fields: Fields, { arn }: Where): readonly Permission[] {
  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems') {
    return (fields.TransactItems as readonly Fields[]).flatMap((item) =>
      Object.entries(item).flatMap(([kind, part]) =>
        dynamodb(TRANSACTION_ACTIONS[kind] ?? `${kind}Item`, part as Fields, { arn } as Where),
      ),
    );
  }
  const requests = fields.RequestItems as Readonly<Record<string, unknown>> | undefined;
  if (requests !== undefined) {
    return Object.entries(requests).map(([name, items]) => ({
      action: `dynamodb:${operation}`,
      resources: [arn('dynamodb', `table/${name}`)],
      context: leadingKeys(partitionKeysOf(items)),
    }));
  }
  const index = fields.IndexName === undefined ? '' : `/index/${text(fields.IndexName)}`;
  return [
    {
      action: `dynamodb:${operation}`,
      resources: [arn('dynamodb', `table/${String(fields.TableName)}${index}`)],
      context: leadingKeys(operation === 'Query' ? queriedKeys(fields) : partitionKeysOf([fields.Key, fields.Item])),
    },
  ];
}

const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = { ConditionCheck: 'ConditionCheckItem', Get: 'GetItem' };

function leadingKeys(keys: readonly string[]): Permission['context'] {
  return keys.length === 0 ? {} : { 'dynamodb:LeadingKeys': [...new Set(keys)] };
}

/** Values of `pk` anywhere in a request's keys and items. */
function partitionKeysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(partitionKeysOf);
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { pk?: { S?: string } }).pk?.S;
  if (own !== undefined) return [own];
  return Object.values(value).flatMap(partitionKeysOf);
}

/** The partition key is the value that the key condition compares first. */
function queriedKeys(fields: Fields): readonly string[] {
  const condition = String(fields.KeyConditionExpression);
  const placeholder = /=\s*(:\w+)/.exec(condition)?.[1];
  const values = fields.ExpressionAttributeValues as Readonly<Record<string, { S?: string }>> | undefined;
  const value = placeholder === undefined ? undefined : values?.[placeholder]?.S;
  return value === undefined ? [] : [value];
}

/** ECS actions on the resources that the service authorization reference names for them. */
function ecs(operation: string, fields: Fields, where: Where): readonly Permission[] {
  const cluster = clusterArn(text(fields.cluster ?? 'default'), where);
  const name = cluster.split('/').at(-1)!;
  const within = (kind: string, id: unknown): string =>
    String(id).startsWith('arn:') ? String(id) : where.arn('ecs', `${kind}/${name}/${String(id)}`);
  const context = { 'ecs:cluster': cluster };
  switch (operation) {
    case 'RunTask': {
      const tags = (fields.tags as readonly { key: string }[] | undefined) ?? [];
      const permission = {
        action: 'ecs:RunTask',
        resources: [taskDefinitionArn(String(fields.taskDefinition), where)],
        context,
      };
      const tagging = {
        action: 'ecs:TagResource',
        resources: [within('task', '*')],
        context: { 'ecs:CreateAction': 'RunTask' },
      };
      return tags.length === 0 ? [permission] : [permission, tagging];
    }
    case 'StopTask':
      return [{ action: 'ecs:StopTask', resources: [within('task', fields.task)], context }];
    case 'DescribeTasks':
      return [
        { action: `ecs:${operation}`, resources: (fields.tasks as unknown[]).map((id) => within('task', id)), context },
      ];
    case 'ListTasks':
      return [{ action: `ecs:${operation}`, resources: [within('container-instance', '*')], context }];
    case 'DescribeContainerInstances':
    case 'UpdateContainerInstancesState':
      return [
        {
          action: `ecs:${operation}`,
          resources: (fields.containerInstances as unknown[]).map((id) => within('container-instance', id)),
          context,
        },
      ];
    case 'ListContainerInstances':
      return [{ action: `ecs:${operation}`, resources: [cluster] }];
    case 'DescribeTaskDefinition':
    case 'RegisterTaskDefinition':
    case 'DeregisterTaskDefinition':
      return [{ action: `ecs:${operation}`, resources: ['*'] }];
    default:
      return [{ action: `ecs:${operation}`, resources: [cluster], context }];
  }
}

function clusterArn(cluster: string, { arn }: Where): string {
  return cluster.startsWith('arn:') ? cluster : arn('ecs', `cluster/${cluster}`);
}

function taskDefinitionArn(definition: string, { arn }: Where): string {
  return definition.startsWith('arn:') ? definition : arn('ecs', `task-definition/${definition}`);
}

/** EC2 and Auto Scaling speak the query protocol. */
function query(service: string, request: WireRequest, { arn }: Where): Permission {
  const form = new URLSearchParams(request.body.toString());
  const action = `${service}:${form.get('Action') ?? 'Unknown'}`;
  const group = form.get('AutoScalingGroupName');
  if (service === 'autoscaling' && group !== null && !action.includes(':Describe'))
    return { action, resources: [arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${group}`)] };
  return { action, resources: ['*'] };
}

const S3_ACTIONS: Readonly<Record<string, string>> = {
  GET: 'GetObject',
  HEAD: 'GetObject',
  PUT: 'PutObject',
  POST: 'PutObject',
  DELETE: 'DeleteObject',
};

/** Path-style addresses: `/bucket/key`. */
function s3({ method, target }: WireRequest): Permission {
  const url = new URL(target, 'http://s3');
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  if (key === '')
    return {
      action: `s3:${bucketAction(method, url)}`,
      resources: [url.searchParams.has('delete') ? `arn:aws:s3:::${bucket}/*` : `arn:aws:s3:::${bucket}`],
      ...prefixOf(url),
    };
  const aborts = method === 'DELETE' && url.searchParams.has('uploadId');
  const action = aborts ? 'AbortMultipartUpload' : S3_ACTIONS[method];
  return { action: `s3:${action ?? method}`, resources: [`arn:aws:s3:::${bucket}/${key}`] };
}

function bucketAction(method: string, { searchParams }: URL): string {
  // Each key of a multi-object delete needs s3:DeleteObject; which keys is in the body, and all are of the same bucket.
  if (method === 'POST' && searchParams.has('delete')) return 'DeleteObject';
  if (searchParams.has('uploads')) return 'ListBucketMultipartUploads';
  return searchParams.has('versions') ? 'ListBucketVersions' : 'ListBucket';
}

function prefixOf({ searchParams }: URL): Pick<Permission, 'context'> {
  const prefix = searchParams.get('prefix');
  return prefix === null ? {} : { context: { 's3:prefix': prefix } };
}

function anything(service: string): (operation: string) => readonly Permission[] {
  return (operation) => [{ action: `${service}:${operation}`, resources: ['*'] }];
}

/** From `Authorization: AWS4-HMAC-SHA256 Credential=KEY/20260101/region/service/aws4_request, …`, or a presigned query. */
function signature({ headers, target }: WireRequest): { readonly principal: string; readonly service: string } {
  const presigned = new URL(target, 'http://aws').searchParams.get('X-Amz-Credential');
  const credential = presigned ?? /Credential=([^,\s]+)/.exec(String(headers.authorization))?.[1] ?? '';
  const [principal = '', , , service = ''] = credential.split('/');
  return { principal, service };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
