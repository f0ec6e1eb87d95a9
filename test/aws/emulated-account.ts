/**
 * An account in emulators: makes the resources of a template that the running code calls, and remembers the rest (roles,
 * functions, custom resources) as the template says. A resource that nothing here calls exists by name alone.
 */
import {
  CreateTableCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Role } from './iam-proof';
import {
  createStack,
  type Create,
  type CreatedStack,
  type Physical,
  type Surroundings,
  type Template,
} from './template';

export interface EmulatedFunction {
  readonly logicalId: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Logical id of its role. */
  readonly roleArn: string;
  /** Hash of the code asset in the cloud assembly. */
  readonly codeKey: string;
  readonly timeoutSeconds: number;
}

export interface CustomResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Creates resources of services that have an emulator of their own: ECS, Auto Scaling, EC2. */
export type CreateElsewhere = (
  type: string,
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
) => Promise<Physical | undefined>;

export interface EmulatedAccountOptions extends Surroundings {
  readonly endpoint: string;
  readonly createElsewhere: CreateElsewhere;
}

const UPDATED: ReadonlySet<string> = new Set(['AWS::SSM::Parameter', 'AWS::ECS::TaskDefinition', 'AWS::IAM::Role']);

type Properties = Readonly<Record<string, unknown>>;

export class EmulatedAccount {
  readonly functions = new Map<string, EmulatedFunction>();
  readonly customResources = new Map<string, CustomResource>();
  readonly #roles = new Map<string, { arn: string; policies: { name: string; policy: unknown }[] }>();
  readonly #created = new Map<string, { readonly properties: string; readonly physical: Physical }>();
  readonly #clients: Clients;

  constructor(private readonly options: EmulatedAccountOptions) {
    this.#clients = clients(options);
  }

  /** Creates what is new, and updates what may change while runners work: parameters, task definitions, policies. */
  deploy(template: Template): Promise<CreatedStack> {
    return createStack(template, this.options, async (id, resource) => {
      const before = this.#created.get(id);
      const properties = JSON.stringify(resource.Properties);
      const same = before?.properties === properties || (before !== undefined && !UPDATED.has(resource.Type));
      const physical = same ? before.physical : await this.create(id, resource);
      this.#created.set(id, { properties, physical });
      return physical;
    });
  }

  /** All roles of the template, with all their policies. */
  get roles(): readonly Role[] {
    return [...this.#roles.values()];
  }

  roleNamed(pattern: RegExp): Role {
    const role = this.roles.find(({ arn }) => pattern.test(arn));
    if (role === undefined) throw new Error(`The template has no role like ${String(pattern)}`);
    return role;
  }

  private async create(id: string, { Type, Properties: properties }: Parameters<Create>[1]): Promise<Physical> {
    const own = CREATORS[Type];
    if (own !== undefined) return own(this.#clients, id, properties, this.options);
    switch (Type) {
      case 'AWS::IAM::Role':
        return this.addRole(id, properties);
      case 'AWS::IAM::Policy':
        return this.addPolicy(id, properties);
      case 'AWS::Lambda::Function':
        return this.addFunction(id, properties);
    }
    if (Type.startsWith('Custom::') || Type === 'AWS::CloudFormation::CustomResource')
      this.customResources.set(id, { logicalId: id, type: Type, properties });
    return (
      (await this.options.createElsewhere(Type, id, properties)) ?? byNameAlone(id, Type, properties, this.options)
    );
  }

  private addRole(id: string, properties: Properties): Physical {
    const name = text(properties.RoleName) ?? id;
    const arn = `arn:aws:iam::${this.options.account}:role${text(properties.Path) ?? '/'}${name}`;
    const inline = (properties.Policies ?? []) as readonly { PolicyName: string; PolicyDocument: unknown }[];
    const policies = inline.map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument }));
    this.#roles.set(name, { arn, policies });
    return { ref: name, attributes: { Arn: arn, RoleId: id } };
  }

  private addPolicy(id: string, properties: Properties): Physical {
    for (const name of (properties.Roles ?? []) as readonly string[])
      this.#roles.get(name)?.policies.push({ name: id, policy: properties.PolicyDocument });
    return { ref: id };
  }

  private addFunction(id: string, properties: Properties): Physical {
    const { account, region } = this.options;
    const name = text(properties.FunctionName) ?? id;
    const code = properties.Code as { readonly S3Key?: string };
    const environment = properties.Environment as { readonly Variables?: Readonly<Record<string, string>> } | undefined;
    this.functions.set(id, {
      logicalId: id,
      environment: environment?.Variables ?? {},
      roleArn: text(properties.Role) ?? '',
      codeKey: code.S3Key ?? '',
      timeoutSeconds: Number(properties.Timeout ?? 3),
    });
    return { ref: name, attributes: { Arn: `arn:aws:lambda:${region}:${account}:function:${name}` } };
  }
}

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly secrets: SecretsManagerClient;
}

function clients({ endpoint, region }: EmulatedAccountOptions): Clients {
  const configuration = { endpoint, region, credentials: { accessKeyId: 'CLOUDFORMATION', secretAccessKey: 'test' } };
  return {
    dynamodb: new DynamoDBClient(configuration),
    sqs: new SQSClient(configuration),
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
    ssm: new SSMClient(configuration),
    secrets: new SecretsManagerClient(configuration),
  };
}

type Creator = (clients: Clients, id: string, properties: Properties, surroundings: Surroundings) => Promise<Physical>;

const CREATORS: Readonly<Record<string, Creator>> = {
  'AWS::SQS::Queue': async ({ sqs }, id, properties, { region, account }) => {
    const QueueName = text(properties.QueueName) ?? id;
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName, Attributes: queueAttributes(properties) }),
    );
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return { ref: QueueUrl, attributes: { Arn: `arn:aws:sqs:${region}:${account}:${QueueName}`, QueueName } };
  },
  'AWS::DynamoDB::Table': async ({ dynamodb }, id, properties, { region, account }) => {
    const TableName = text(properties.TableName) ?? id;
    const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = properties;
    const input = { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode };
    await dynamodb.send(new CreateTableCommand(input as CreateTableCommandInput));
    const ttl = properties.TimeToLiveSpecification as { AttributeName: string; Enabled: boolean } | undefined;
    if (ttl !== undefined)
      await dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: ttl }));
    return { ref: TableName, attributes: { Arn: `arn:aws:dynamodb:${region}:${account}:table/${TableName}` } };
  },
  'AWS::S3::Bucket': async ({ s3 }, id, properties, { region }) => {
    const Bucket = text(properties.BucketName) ?? `bucket-${id.toLowerCase()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const domain = `${Bucket}.s3.${region}.amazonaws.com`;
    return {
      ref: Bucket,
      attributes: { Arn: `arn:aws:s3:::${Bucket}`, RegionalDomainName: domain, DomainName: domain },
    };
  },
  'AWS::SSM::Parameter': async ({ ssm }, id, properties) => {
    const Name = text(properties.Name) ?? id;
    await ssm.send(
      new PutParameterCommand({ Name, Value: text(properties.Value) ?? '', Type: 'String', Overwrite: true }),
    );
    return { ref: Name, attributes: { Value: text(properties.Value) ?? '', Type: 'String' } };
  },
  'AWS::SecretsManager::Secret': async ({ secrets }, id, properties) => {
    const Name = text(properties.Name) ?? id;
    const { ARN = '' } = await secrets.send(
      new CreateSecretCommand({ Name, SecretString: text(properties.SecretString) ?? 'generated' }),
    );
    return { ref: ARN, attributes: { Id: ARN } };
  },
};

/** Attributes as the API takes them: strings, by the same names. */
function queueAttributes(properties: Properties): Record<string, string> {
  const known = [
    'VisibilityTimeout',
    'MessageRetentionPeriod',
    'ReceiveMessageWaitTimeSeconds',
    'DelaySeconds',
    'RedrivePolicy',
  ];
  const entries = known
    .filter((name) => properties[name] !== undefined)
    .map((name) => [name, text(properties[name]) ?? ''] as const);
  return Object.fromEntries(entries);
}

/** A resource that nothing here calls. Whatever is asked of it is a name made of its id. */
function byNameAlone(id: string, type: string, properties: Properties, { region, account }: Surroundings): Physical {
  const service = type.split('::')[1]?.toLowerCase() ?? 'unknown';
  const name = ['Name', 'GroupName', 'LogGroupName', 'AutoScalingGroupName', 'ClusterName', 'LaunchTemplateName']
    .map((property) => text(properties[property]))
    .find((found) => found !== undefined);
  const attributes = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, attribute) =>
        attribute === 'Arn' ? `arn:aws:${service}:${region}:${account}:${name ?? id}` : `${id}.${String(attribute)}`,
    },
  );
  return { ref: name ?? id, attributes };
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
