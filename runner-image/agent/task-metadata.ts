/** What ECS tells a task about itself: the task metadata endpoint, version 4. */
import { CONTAINER } from '../../runtime/aws-layout';

/** The app's container as ECS sees it. */
export interface ContainerStatus {
  /** False until its image is there and it was started. */
  readonly started: boolean;
  readonly stopped: boolean;
  /** Set once it stopped, unless it never ran. */
  readonly exitCode?: number;
}

export interface TaskMetadata {
  /** The app's container. Rejects while the endpoint can't be asked. */
  app(): Promise<ContainerStatus>;
}

/** The endpoint is on this machine; what takes longer does not come. */
const LIMIT_MS = 2_000;

export class TaskMetadataEndpoint implements TaskMetadata {
  /** `url` is the value of `ECS_CONTAINER_METADATA_URI_V4`. */
  constructor(private readonly url: string) {}

  async app(): Promise<ContainerStatus> {
    const response = await fetch(`${this.url}/task`, { signal: AbortSignal.timeout(LIMIT_MS) });
    if (!response.ok) throw new Error(`The task metadata endpoint answered ${response.status}`);
    const { Containers: containers = [] } = (await response.json()) as TaskDescription;
    const app = containers.find(({ Name: name }) => name === CONTAINER.app);
    if (app === undefined) throw new Error(`The task has no container ${CONTAINER.app}`);
    return statusOf(app);
  }
}

/** The parts of the answer that are read here. */
interface TaskDescription {
  readonly Containers?: readonly ContainerDescription[];
}

interface ContainerDescription {
  readonly Name?: string;
  /** `NONE`, `PULLED`, `CREATED`, `RUNNING`, `RESOURCES_PROVISIONED`, `STOPPED`. */
  readonly KnownStatus?: string;
  readonly ExitCode?: number;
}

const STARTED = new Set(['RUNNING', 'RESOURCES_PROVISIONED', 'STOPPED']);

function statusOf({ KnownStatus: status = 'NONE', ExitCode: exitCode }: ContainerDescription): ContainerStatus {
  return {
    started: STARTED.has(status),
    stopped: status === 'STOPPED',
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}
