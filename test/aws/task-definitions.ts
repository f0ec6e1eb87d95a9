/** Task definitions of a template, and what ECS makes of them when a task is started. */
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Room } from '../../runtime/domain/machine';
import type { Containers, StandInTask } from '../support/ecs-stand-in-cluster';
import { ACCOUNT, clientOfRole, REGION, variablesOfRole } from './role-credentials';
import type { Physical } from './template';

/** A container definition as CloudFormation has it. */
export interface ContainerDefinition {
  readonly Name: string;
  readonly Image: string;
  readonly Cpu?: number;
  readonly Memory?: number;
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: string }[];
  readonly Environment?: readonly { readonly Name: string; readonly Value: string }[];
  readonly ResourceRequirements?: readonly { readonly Type: string; readonly Value: string }[];
  readonly MountPoints?: readonly { readonly ContainerPath: string; readonly SourceVolume: string }[];
  readonly StopTimeout?: number;
}

/** A volume of a task definition, as far as it lies on EFS. */
export interface VolumeDefinition {
  readonly Name: string;
  readonly EFSVolumeConfiguration?: {
    readonly FilesystemId: string;
    readonly AuthorizationConfig?: { readonly AccessPointId?: string };
  };
}

/** A task that ECS would start: its definition, and the variables that `RunTask` adds. */
export interface TaskToStart {
  readonly task: StandInTask;
  readonly containers: readonly ContainerDefinition[];
  readonly volumes: readonly VolumeDefinition[];
  /** How the task's role reaches the emulators. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The secrets of a container, read as ECS does with the execution role. Rejects when one is missing. */
  readonly secrets: (container: string) => Promise<Readonly<Record<string, string>>>;
  /** Variables by container. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The containers of a task, which can also break. */
export interface RunningContainers extends Containers {
  /** Ends the app's container by force, unasked. */
  kill(): void;
}

interface TaskDefinition {
  readonly containers: readonly ContainerDefinition[];
  readonly volumes: readonly VolumeDefinition[];
  readonly role: string;
  readonly executionRole: string;
}

export class TaskDefinitions {
  readonly #byArn = new Map<string, TaskDefinition>();
  readonly #revisions = new Map<string, number>();

  /** `endpoint`: where tasks and ECS reach AWS. */
  constructor(private readonly endpoint: string) {}

  register(logicalId: string, properties: Readonly<Record<string, unknown>>): Physical {
    const family = typeof properties.Family === 'string' ? properties.Family : logicalId;
    const revision = (this.#revisions.get(family) ?? 0) + 1;
    this.#revisions.set(family, revision);
    const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:${revision}`;
    this.#byArn.set(arn, {
      containers: properties.ContainerDefinitions as readonly ContainerDefinition[],
      volumes: (properties.Volumes ?? []) as readonly VolumeDefinition[],
      role: String(properties.TaskRoleArn),
      executionRole: String(properties.ExecutionRoleArn),
    });
    return { ref: arn, attributes: { TaskDefinitionArn: arn } };
  }

  /** What a task needs of a machine. */
  roomOf(arn: string): Room | undefined {
    const definition = this.#byArn.get(arn);
    if (definition === undefined) return undefined;
    const sum = (of: (container: ContainerDefinition) => number): number =>
      definition.containers.reduce((total, container) => total + of(container), 0);
    return {
      gpus: sum((container) => Number(container.ResourceRequirements?.find(({ Type }) => Type === 'GPU')?.Value ?? 0)),
      cpu: sum((container) => container.Cpu ?? 0),
      memoryMiB: sum((container) => container.Memory ?? 0),
    };
  }

  toStart(task: StandInTask): TaskToStart {
    const definition = this.#byArn.get(task.taskDefinition);
    if (definition === undefined) throw new Error(`No task definition ${task.taskDefinition}`);
    const { containers, volumes, role } = definition;
    return {
      ...{ task, containers, volumes },
      credentials: variablesOfRole(this.endpoint, role),
      secrets: (name) => this.secretsOf(definition, name),
      overrides: overridesOf(task.overrides),
    };
  }

  private async secretsOf(
    { containers, executionRole }: TaskDefinition,
    name: string,
  ): Promise<Readonly<Record<string, string>>> {
    const declared = containers.find((container) => container.Name === name)?.Secrets ?? [];
    const ssm = new SSMClient(clientOfRole(this.endpoint, executionRole));
    const values = declared.map(async ({ Name, ValueFrom }) => {
      const parameter = ValueFrom.slice(ValueFrom.indexOf(':parameter/') + ':parameter'.length);
      const { Parameters: [found] = [] } = await ssm.send(
        new GetParametersCommand({ Names: [parameter], WithDecryption: true }),
      );
      if (found?.Value === undefined) throw new Error(`ResourceInitializationError: unable to find ${parameter}`);
      return [Name, found.Value] as const;
    });
    return Object.fromEntries(await Promise.all(values));
  }
}

/** Variables by container, from `RunTask`'s `overrides`. */
function overridesOf(overrides: unknown): TaskToStart['overrides'] {
  const { containerOverrides = [] } = (overrides ?? {}) as {
    containerOverrides?: readonly { name: string; environment?: readonly { name: string; value: string }[] }[];
  };
  return Object.fromEntries(
    containerOverrides.map(({ name, environment = [] }) => [
      name,
      Object.fromEntries(environment.map((variable) => [variable.name, variable.value])),
    ]),
  );
}
