/** What runs and is stored in the account and CloudFormation knows nothing of: tasks, machines, objects, secrets. */
import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { DeleteParametersCommand, paginateGetParametersByPath, type SSMClient } from '@aws-sdk/client-ssm';
import type { EcsTask, EcsTasks } from '../runtime/aws/ecs-tasks';
import type { MachineGroups } from '../runtime/aws/machines-auto-scaling';
import type { ResourceNames } from '../runtime/aws-layout';

export interface TeardownResources {
  /** Runners' tasks of the platform that have not stopped. */
  tasks(): Promise<readonly Pick<EcsTask, 'arn' | 'runner'>[]>;
  stopTask(arn: string, reason: string): Promise<void>;
  /** Instances of a pool that have not ended; `ending` are on their way. */
  machines(pool: string): Promise<{ readonly present: readonly string[]; readonly ending: readonly string[] }>;
  /** Asks for an instance to be ended. */
  terminate(instance: string): Promise<void>;
  deleteSecrets(): Promise<void>;
  emptyBucket(): Promise<void>;
}

export interface AwsTeardownResourcesOptions {
  readonly tasks: EcsTasks;
  readonly groups: MachineGroups;
  readonly ssm: SSMClient;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly names: ResourceNames;
}

/** SSM deletes no more parameters at once. */
const DELETED_AT_ONCE = 10;

export class AwsTeardownResources implements TeardownResources {
  constructor(private readonly options: AwsTeardownResourcesOptions) {}

  async tasks(): Promise<readonly EcsTask[]> {
    const tasks = await unlessGone(() => this.options.tasks.describe([]), []);
    return tasks.filter(({ status, runner }) => status !== 'STOPPED' && runner !== undefined);
  }

  async stopTask(arn: string, reason: string): Promise<void> {
    await this.options.tasks.stop(arn, reason);
  }

  async machines(pool: string): Promise<{ readonly present: readonly string[]; readonly ending: readonly string[] }> {
    const name = this.options.names.autoScalingGroup(pool);
    const group = (await this.options.groups.describe([name])).get(name);
    return { present: group?.instances.map(({ id }) => id) ?? [], ending: group?.ending ?? [] };
  }

  async terminate(instance: string): Promise<void> {
    await this.options.groups.terminate(instance);
  }

  async deleteSecrets(): Promise<void> {
    const { ssm, names } = this.options;
    const found: string[] = [];
    const pages = paginateGetParametersByPath({ client: ssm }, { Path: names.internalSecret('').replace(/\/$/, '') });
    for await (const { Parameters = [] } of pages) found.push(...Parameters.flatMap(({ Name }) => Name ?? []));
    for (let first = 0; first < found.length; first += DELETED_AT_ONCE) {
      await ssm.send(new DeleteParametersCommand({ Names: found.slice(first, first + DELETED_AT_ONCE) }));
    }
  }

  async emptyBucket(): Promise<void> {
    await unlessGone(() => this.deleteObjects(), undefined);
  }

  private async deleteObjects(): Promise<void> {
    const { s3, bucket: Bucket } = this.options;
    for (;;) {
      // Always the first page: what it named is gone then.
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
        Key,
        VersionId,
      }));
      if (Objects.length === 0) return;
      const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
      if (Errors[0] !== undefined) throw new Error(`${Errors[0].Key ?? 'an object'}: ${Errors[0].Message ?? ''}`);
    }
  }
}

const GONE = new Set(['ResourceNotFoundException', 'ClusterNotFoundException', 'NoSuchBucket']);

/** What was deleted already, or never came to be, needs no tearing down. */
export async function unlessGone<T>(step: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Error && GONE.has(error.name)) return otherwise;
    throw error;
  }
}
