/**
 * CloudFormation for `sgpu deploy`, where moto's knows too few of the resources: it keeps the templates it is given, and of
 * what is in them it makes the task definition and the parameter of an app. S3, ECS and SSM are moto's.
 */
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientOf, type AwsEmulator } from '../support/aws-emulator';

interface Stack {
  readonly name: string;
  body: string;
  status: string;
  taskDefinition?: string;
  pending?: string;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface CloudFormationStandIn {
  readonly url: string;
  /** Actions that were called, without those that only look. */
  readonly changes: string[];
  stop(): void;
}

export async function startCloudFormation(aws: AwsEmulator): Promise<CloudFormationStandIn> {
  const account = new Account(aws);
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const { status, xml } = await account.answer(new URLSearchParams(body));
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changes: account.changes,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function text(request: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const CHANGE_SET = 'arn:aws:cloudformation:us-east-1:123456789012:changeSet/one/0';

class NoChangeSetError extends Error {
  override readonly name = 'ChangeSetNotFoundException';
}

class Account {
  readonly changes: string[] = [];
  private readonly stacks = new Map<string, Stack>();

  constructor(private readonly aws: AwsEmulator) {}

  async answer(query: URLSearchParams): Promise<{ readonly status: number; readonly xml: string }> {
    const action = query.get('Action') ?? '';
    if (/^(Create|Execute|Update|Delete)/.test(action)) this.changes.push(action);
    try {
      const result = await this.resultOf(action, query);
      return {
        status: 200,
        xml: `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result>${result}</${action}Result></${action}Response>`,
      };
    } catch (error) {
      const { name, message } = error as Error;
      const code = error instanceof NoChangeSetError ? name : 'ValidationError';
      return {
        status: 400,
        xml: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error></ErrorResponse>`,
      };
    }
  }

  private async resultOf(action: string, query: URLSearchParams): Promise<string> {
    const name = stackName(query.get('StackName') ?? '');
    switch (action) {
      case 'DescribeStacks':
        return `<Stacks><member>${described(this.stack(name))}</member></Stacks>`;
      case 'GetTemplate':
        return `<TemplateBody>${escaped(this.stack(name).body)}</TemplateBody>`;
      case 'CreateChangeSet':
        return this.createChangeSet(name, query);
      case 'DeleteChangeSet':
        delete this.stacks.get(name)?.pending;
        return '';
      case 'DescribeChangeSet':
        if (this.stack(name).pending === undefined) throw new NoChangeSetError();
        return `<ChangeSetName>${name}</ChangeSetName><ChangeSetId>${CHANGE_SET}</ChangeSetId><StackName>${name}</StackName><StackId>${idOf(this.stack(name))}</StackId><Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes/>`;
      case 'ExecuteChangeSet':
        await this.execute(this.stack(name));
        return '';
      case 'DescribeStackResources':
        return `<StackResources><member><ResourceType>AWS::ECS::TaskDefinition</ResourceType><PhysicalResourceId>${this.stack(name).taskDefinition ?? ''}</PhysicalResourceId></member></StackResources>`;
      case 'DescribeStackEvents':
        return '<StackEvents/>';
      default:
        return '';
    }
  }

  private stack(name: string): Stack {
    const found = this.stacks.get(name);
    if (found === undefined) throw new Error(`Stack with id ${name} does not exist`);
    return found;
  }

  private async createChangeSet(name: string, query: URLSearchParams): Promise<string> {
    const stack = this.stacks.get(name) ?? { name, body: '{}', status: 'REVIEW_IN_PROGRESS' };
    this.stacks.set(name, stack);
    stack.pending = await this.object(query.get('TemplateURL') ?? '');
    return `<Id>${CHANGE_SET}</Id><StackId>${idOf(stack)}</StackId>`;
  }

  private async object(url: string): Promise<string> {
    const [, Bucket = '', Key = ''] = /^https?:\/\/[^/]+\/([^/]+)\/(.+)$/.exec(url) ?? [];
    const s3 = new S3Client({ ...clientOf(this.aws), forcePathStyle: true });
    return (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? '';
  }

  private async execute(stack: Stack): Promise<void> {
    const before = stack.body;
    stack.body = stack.pending ?? '{}';
    delete stack.pending;
    stack.status = stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE';
    const { Resources } = JSON.parse(stack.body) as { readonly Resources: Readonly<Record<string, Resource>> };
    const old = (JSON.parse(before) as { readonly Resources?: Readonly<Record<string, Resource>> }).Resources ?? {};
    const changed = (id: string): boolean => JSON.stringify(old[id]) !== JSON.stringify(Resources[id]);
    let registered = false;
    for (const [id, { Type, Properties }] of Object.entries(Resources)) {
      if (Type !== 'AWS::ECS::TaskDefinition' || !changed(id)) continue;
      stack.taskDefinition = await this.register(Properties);
      registered = true;
    }
    for (const [id, { Type, Properties }] of Object.entries(Resources)) {
      if (Type !== 'AWS::SSM::Parameter' || (!changed(id) && !registered)) continue;
      await this.put(String(Properties.Name), filledIn(Properties.Value, stack.taskDefinition ?? ''));
    }
  }

  private async register({ Family, ContainerDefinitions }: Resource['Properties']): Promise<string> {
    const containers = ContainerDefinitions as readonly {
      readonly Name: string;
      readonly Image: { readonly 'Fn::Sub': string };
    }[];
    const { taskDefinition } = await new ECSClient(clientOf(this.aws)).send(
      new RegisterTaskDefinitionCommand({
        family: String(Family),
        containerDefinitions: containers.map(({ Name, Image }) => ({
          name: Name,
          image: Image['Fn::Sub']
            .replaceAll('${AWS::AccountId}', '123456789012')
            .replaceAll('${AWS::Region}', 'us-east-1')
            .replaceAll('${AWS::URLSuffix}', 'amazonaws.com'),
          memory: 128,
        })),
        tags: [{ key: 'sgpu:app', value: 'new-one/painter' }],
      }),
    );
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  private async put(Name: string, Value: string): Promise<void> {
    await new SSMClient(clientOf(this.aws)).send(
      new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }),
    );
  }
}

function filledIn(value: unknown, taskDefinition: string): string {
  if (typeof value === 'string') return value;
  const [, parts] = (value as { readonly 'Fn::Join': readonly [string, readonly unknown[]] })['Fn::Join'];
  const fill = (part: unknown): string => (JSON.stringify(part).includes('Runner') ? taskDefinition : 'https://queue');
  return parts.map((part) => (typeof part === 'string' ? part : fill(part))).join('');
}

function stackName(given: string): string {
  return /:stack\/([^/]+)\//.exec(given)?.[1] ?? given;
}

function idOf({ name }: Stack): string {
  return `arn:aws:cloudformation:us-east-1:123456789012:stack/${name}/0`;
}

function described(stack: Stack): string {
  return `<StackName>${stack.name}</StackName><StackId>${idOf(stack)}</StackId><StackStatus>${stack.status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>`;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
