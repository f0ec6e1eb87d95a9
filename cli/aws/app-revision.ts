/**
 * New revisions of an app beside CloudFormation: the task definition that runs with other images, and the parameter that
 * tells the platform of it. CloudFormation registers its own next revision whenever an image changes, so a later
 * deployment of the stack goes on from what is written here. It knows of none of this, though: what it rolls back to, or
 * leaves as it is, is what it deployed itself (`adoptStackRevision`).
 */
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import { GetParametersCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { revisionOf } from '../../runtime/aws/deployments';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { UserError } from '../../runtime/domain/user-error';
import type { NOTES, ImageTags } from '../deploy/code-change';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

/** What a deployment says of itself. */
export type DeploymentNotes = Pick<AppDeployment, (typeof NOTES)[number]>;

export interface RunningRevision {
  readonly deployment: AppDeployment;
  /** Tags of its images. */
  readonly tags: ImageTags;
}

export class AppRevisions {
  private readonly ssm: SSMClient;
  private readonly ecs: ECSClient;
  private readonly cloudFormation: CloudFormationClient;

  constructor(
    private readonly parameter: string,
    access: AwsAccess,
  ) {
    const configuration = clientConfiguration(access);
    this.ssm = shown(new SSMClient(configuration), access);
    this.ecs = shown(new ECSClient(configuration), access);
    this.cloudFormation = shown(new CloudFormationClient(configuration), access);
  }

  /** What the platform was told last; `undefined` before the first deployment. */
  async deployment(): Promise<AppDeployment | undefined> {
    return told(`to read ${this.parameter}`, async () => {
      const { Parameters = [] } = await this.ssm.send(new GetParametersCommand({ Names: [this.parameter] }));
      const value = Parameters[0]?.Value;
      return value === undefined ? undefined : (JSON.parse(value) as AppDeployment);
    });
  }

  async running(): Promise<RunningRevision | undefined> {
    const deployment = await this.deployment();
    if (deployment === undefined) return undefined;
    const { containerDefinitions = [] } = await this.described(deployment.taskDefinition);
    const tags = containerDefinitions.map(({ name = '', image = '' }) => [
      name,
      image.slice(image.lastIndexOf(':') + 1),
    ]);
    return { deployment, tags: Object.fromEntries(tags) as ImageTags };
  }

  /** Registers the running revision with other tags of its images, and tells the platform. Its number. */
  async replaceImages({ deployment }: RunningRevision, tags: ImageTags, notes: DeploymentNotes): Promise<string> {
    const taskDefinition = await this.registered(await this.described(deployment.taskDefinition), tags);
    await this.tell({ ...withoutNotes(deployment), taskDefinition, ...notes });
    return revisionOf(taskDefinition);
  }

  /**
   * After a deployment of the stack: when CloudFormation saw nothing to change in the app, because it knows nothing of a
   * revision made here, its own is set again. The number of the one that was set aside, or `undefined`.
   */
  async adoptStackRevision(stack: string, notes: DeploymentNotes): Promise<string | undefined> {
    const [deployment, own] = [await this.deployment(), await this.stackTaskDefinition(stack)];
    if (deployment === undefined || own === undefined || deployment.taskDefinition === own) return undefined;
    await this.tell({ ...withoutNotes(deployment), taskDefinition: own, ...notes });
    return revisionOf(deployment.taskDefinition);
  }

  private async stackTaskDefinition(StackName: string): Promise<string | undefined> {
    return told(`to look at the stack ${StackName}`, async () => {
      const { StackResources = [] } = await this.cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
      return StackResources.find(({ ResourceType }) => ResourceType === 'AWS::ECS::TaskDefinition')?.PhysicalResourceId;
    });
  }

  private async described(taskDefinition: string): Promise<RegisterTaskDefinitionCommandInput> {
    return told('to read the task definition', async () => {
      const answer = await this.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }));
      const { family, containerDefinitions, ...rest } = answer.taskDefinition ?? {};
      const settings = Object.fromEntries(Object.entries(rest).filter(([name]) => !READ_ONLY.has(name)));
      // Tags of AWS's own can't be set.
      const tags = (answer.tags ?? []).filter(({ key = '' }) => !key.startsWith('aws:'));
      return { ...settings, family, containerDefinitions, ...(tags.length === 0 ? {} : { tags }) };
    });
  }

  private async registered(definition: RegisterTaskDefinitionCommandInput, tags: ImageTags): Promise<string> {
    const containerDefinitions = definition.containerDefinitions?.map((container) => {
      const { name = '', image = '' } = container;
      const tag = tags[name];
      return tag === undefined
        ? container
        : { ...container, image: `${image.slice(0, image.lastIndexOf(':'))}:${tag}` };
    });
    return told('to register a task definition', async () => {
      const { taskDefinition } = await this.ecs.send(
        new RegisterTaskDefinitionCommand({ ...definition, containerDefinitions }),
      );
      if (taskDefinition?.taskDefinitionArn === undefined) throw new Error('ECS registered no task definition');
      return taskDefinition.taskDefinitionArn;
    });
  }

  /** The controller is woken by the change of the parameter. */
  private async tell(deployment: AppDeployment): Promise<void> {
    const Value = JSON.stringify(deployment);
    if (Buffer.byteLength(Value) > LARGEST_PARAMETER) throw new UserError(TOO_LONG);
    await told(`to write ${this.parameter}`, () =>
      this.ssm.send(new PutParameterCommand({ Name: this.parameter, Value, Type: 'String', Overwrite: true })),
    );
  }
}

/** What ECS says of a task definition and does not take. */
const READ_ONLY: ReadonlySet<string> = new Set([
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'registeredBy',
  'deregisteredAt',
]);

/** Bytes of a standard parameter. */
export const LARGEST_PARAMETER = 4_096;

export const TOO_LONG = 'The message and the annotations are too long for the 4 KB of a deployment: shorten them';

function withoutNotes({ strategy: _s, message: _m, annotations: _a, ...deployment }: AppDeployment): AppDeployment {
  return deployment;
}

async function told<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsProblem(error, doing);
  }
}
