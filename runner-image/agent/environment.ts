/** What the task definition and `RunTask` tell the agent. */
import { OUTPUT_SOCKET, VARIABLE } from '../../runtime/aws-layout';

export interface AgentEnvironment {
  /** `owner/alias`. */
  readonly app: string;
  readonly runner: string;
  /** Where the app listens: `http://app:8080`. */
  readonly appUrl: string;
  readonly queueUrl: string;
  readonly table: string;
  readonly bucket: string;
  /** The ECS task metadata endpoint, version 4; the ECS agent sets it. */
  readonly metadataUrl: string;
  /** Where the app reports what it prints: the variable that tells the app, else the place in the shared folder. */
  readonly socketPath: string;
}

/** Set by ECS in every container. */
const METADATA = 'ECS_CONTAINER_METADATA_URI_V4';

/** Throws with the names of all that is missing. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): AgentEnvironment {
  const missing: string[] = [];
  const value = (name: string): string => {
    const found = variables[name];
    if (found === undefined || found === '') missing.push(name);
    return found ?? '';
  };
  const environment = {
    app: value(VARIABLE.app),
    runner: value(VARIABLE.runner),
    appUrl: value(VARIABLE.appUrl),
    queueUrl: value(VARIABLE.queueUrl),
    table: value(VARIABLE.table),
    bucket: value(VARIABLE.bucket),
    metadataUrl: value(METADATA),
    socketPath: variables.SGPU_AGENT_SOCKET ?? OUTPUT_SOCKET,
  };
  if (missing.length > 0) throw new Error(`The agent's environment lacks ${missing.join(', ')}`);
  return environment;
}
