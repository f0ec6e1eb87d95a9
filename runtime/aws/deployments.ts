/** What the deployed templates say, read from SSM parameters: the platform, its pools of machines, its apps. */
import {
  GetParameterCommand,
  paginateGetParametersByPath,
  ParameterNotFound,
  type Parameter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ResourceNames } from '../aws-layout';
import { parseAppSpec } from '../domain/app-spec';
import type { AppDeployment, PlatformDeployment, PoolDeployment } from '../domain/deployment';
import { inWords, violations, type JsonSchema } from '../domain/json-schema';
import type { NewDeployment } from '../domain/revisions';

export interface Deployments {
  /** Absent until the platform's stack is deployed. */
  readonly platform?: PlatformDeployment;
  readonly pools: readonly PoolDeployment[];
  readonly apps: readonly AppDeployment[];
  /** A sentence for each parameter that can't be used; it is left out above. Others are not affected. */
  readonly problems: readonly string[];
}

export class SsmDeployments {
  constructor(
    private readonly client: SSMClient,
    private readonly names: ResourceNames,
  ) {}

  /**
   * Reads everything that is deployed, and none of the secrets that lie beside it. SSM answers a page at a time, so a
   * deployment that happens meanwhile may be seen in part: an app whose pool is missing gets it at the next reading.
   */
  async read(): Promise<Deployments> {
    const { platformParameter, poolsPath, appsPath } = this.names;
    const parts = await Promise.all([this.one(platformParameter), this.below(poolsPath), this.below(appsPath)]);
    const reading = new Reading(this.names);
    for (const parameter of parts.flat()) reading.take(parameter);
    return reading.deployments;
  }

  private async one(name: string): Promise<readonly Parameter[]> {
    try {
      const { Parameter: found } = await this.client.send(new GetParameterCommand({ Name: name }));
      return found === undefined ? [] : [found];
    } catch (error) {
      if (error instanceof ParameterNotFound) return [];
      throw error;
    }
  }

  private async below(path: string): Promise<readonly Parameter[]> {
    const found: Parameter[] = [];
    for await (const { Parameters = [] } of paginateGetParametersByPath({ client: this.client }, { Path: path })) {
      found.push(...Parameters);
    }
    return found;
  }
}

/** What is deployed, as `AppChanges.deploy` takes it. The revision is the number of the task definition's revision. */
export function newDeployment(deployment: AppDeployment): NewDeployment {
  const { app, spec, strategy, ...revision } = deployment;
  return {
    id: app,
    revision: revisionOf(deployment.taskDefinition),
    spec: { ...spec, requirements: [], env: {} },
    deployment: revision,
    ...(strategy === undefined ? {} : { strategy }),
  };
}

class Reading {
  private platform: PlatformDeployment | undefined;
  private readonly pools: PoolDeployment[] = [];
  private readonly apps: AppDeployment[] = [];
  private readonly problems: string[] = [];

  constructor(private readonly names: ResourceNames) {}

  get deployments(): Deployments {
    const { platform, pools, apps, problems } = this;
    return { ...(platform === undefined ? {} : { platform }), pools, apps, problems };
  }

  take({ Name: name = '', Value: value = '' }: Parameter): void {
    try {
      if (name === this.names.platformParameter) this.platform = valid(PLATFORM, value) as PlatformDeployment;
      else if (name.startsWith(this.names.poolParameter(''))) this.pools.push(valid(POOL, value) as PoolDeployment);
      else if (name.startsWith(this.names.appParameter(''))) this.apps.push(validApp(value));
    } catch (error) {
      this.problems.push(
        `The SSM parameter ${name} is not used: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

function validApp(value: string): AppDeployment {
  const deployment = valid(APP, value) as AppDeployment;
  revisionOf(deployment.taskDefinition);
  const { requirements: _built, env: _set, ...spec } = parseAppSpec({ ...deployment.spec, requirements: [], env: {} });
  return { ...deployment, spec };
}

/** The number of a task definition's revision, from its ARN. Throws for anything else. */
export function revisionOf(taskDefinition: string): string {
  const revision = /:task-definition\/[^:]+:(\d+)$/.exec(taskDefinition)?.[1];
  if (revision === undefined)
    throw new Error(`${JSON.stringify(taskDefinition)} is no ARN of a task definition's revision`);
  return revision;
}

function valid(schema: JsonSchema, json: string): unknown {
  const value: unknown = JSON.parse(json);
  const [wrong] = violations(schema, value);
  if (wrong === undefined) return value;
  const path = wrong.path.join('.') || 'the document';
  throw new Error(wrong.problem === 'missing' ? `${path} is missing` : `${path} must be ${inWords(wrong.schema)}`);
}

const TEXT: JsonSchema = { type: 'string', minLength: 1 };
const COUNT: JsonSchema = { type: 'integer', minimum: 0 };

const PLATFORM = schemaOf({ publicUrl: { type: 'string', pattern: '^https?://', title: 'an http URL' } });

const RESOURCES = { gpus: COUNT, cpu: COUNT, memoryMiB: COUNT };

const POOL = schemaOf(
  {
    pool: TEXT,
    instanceType: TEXT,
    market: { enum: ['on-demand', 'spot', 'capacity-reservation', 'capacity-block'] },
    autoScalingGroup: TEXT,
    ...RESOURCES,
    keepAlive: COUNT,
    maxMachines: COUNT,
  },
  { dedicatedTo: TEXT, warmPool: { type: 'boolean' } },
);

const APP = schemaOf(
  {
    app: { type: 'string', pattern: '^[^/]+/[^/]+$', title: 'owner/alias' },
    spec: { type: 'object' },
    taskDefinition: TEXT,
    queueUrl: TEXT,
    pools: { type: 'array', items: TEXT },
    ...RESOURCES,
  },
  { strategy: { enum: ['rolling', 'recreate'] } },
);

/** Properties that nobody knows yet are let through: the template may be newer than the running code. */
function schemaOf(required: Readonly<Record<string, JsonSchema>>, optional: typeof required = {}): JsonSchema {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}
