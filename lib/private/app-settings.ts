import { Token, type Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { parseAppSpec, type AppSpec } from '../../runtime/domain/app-spec';
import type { FalSource } from '../../runtime/source/fal-source';
import type { AppHealthCheck, ServerlessGpuAppProps } from '../serverless-gpu-app-props';
import { messageForUser, refuse } from './refusal';
import { sourceReader } from './source-reader';

/**
 * The spec of an app: props win over what its source says, which wins over fal's defaults. What is wrong is refused by
 * the name of its prop. Numbers that are known only when the template is deployed are not checked.
 */
export function appSettings(
  app: IConstruct,
  source: FalSource | undefined,
  name: string,
  props: ServerlessGpuAppProps,
): AppSpec {
  const given = Object.entries(overrides(source, props)).filter(([, value]) => value !== undefined);
  const unresolved = Object.fromEntries(given.filter(([, value]) => Token.isUnresolved(value)));
  const literal = Object.fromEntries(given.filter(([, value]) => !Token.isUnresolved(value)));
  const early = Object.keys(unresolved).find((field) => NEEDED_AT_SYNTHESIS.includes(field as Field));
  if (early !== undefined)
    refuse(app, `\`${PROPS[early as Field]}\` must be known at synthesis: machines and containers are made by it`);
  try {
    const spec =
      source === undefined
        ? parseAppSpec({ name, ...literal })
        : sourceReader().specFromSource(source, { ...literal, ...(props.name === undefined ? {} : { name }) });
    return { ...spec, ...unresolved };
  } catch (error) {
    return refuse(
      app,
      inProps(messageForUser(error), props.name === undefined && source !== undefined ? literal : { ...literal, name }),
    );
  }
}

/** Names of props by fal's names for them. */
const PROPS = {
  name: 'name',
  machine_type: 'machineType',
  num_gpus: 'numGpus',
  min_concurrency: 'minConcurrency',
  max_concurrency: 'maxConcurrency',
  concurrency_buffer: 'concurrencyBuffer',
  concurrency_buffer_perc: 'concurrencyBufferPerc',
  scaling_delay: 'scalingDelay',
  max_multiplexing: 'maxMultiplexing',
  keep_alive: 'keepAlive',
  scaling_policy: 'scalingPolicy',
  request_timeout: 'requestTimeout',
  startup_timeout: 'startupTimeout',
  termination_grace_period_seconds: 'terminationGracePeriod',
  auth: 'auth',
  exposed_port: 'port',
  env: 'environment',
  secrets: 'secrets',
  volumes: 'volumes',
  health_check: 'healthCheck',
} as const;

type Field = keyof typeof PROPS;

/** The prop by which a field of the spec is set. */
export function propOf(field: string): string {
  return field in PROPS ? PROPS[field as Field] : field;
}

const IN_SECONDS: readonly string[] = [
  'scaling_delay',
  'keep_alive',
  'request_timeout',
  'startup_timeout',
  'termination_grace_period_seconds',
] satisfies Field[];

const NEEDED_AT_SYNTHESIS: readonly Field[] = ['num_gpus', 'termination_grace_period_seconds', 'exposed_port', 'auth'];

/** What the props say, in fal's units. */
function overrides(
  source: FalSource | undefined,
  props: ServerlessGpuAppProps,
): Readonly<Partial<Record<Field, unknown>>> {
  const { machineType, fallbackMachineTypes = [] } = props;
  const machines = [...(machineType === undefined ? [] : [machineType]), ...fallbackMachineTypes];
  const { _declaration: declaration } = props.source;
  return {
    machine_type: machines.length === 0 ? undefined : machines.map(({ name }) => name),
    num_gpus: props.numGpus,
    min_concurrency: props.minConcurrency,
    max_concurrency: props.maxConcurrency,
    concurrency_buffer: props.concurrencyBuffer,
    concurrency_buffer_perc: props.concurrencyBufferPerc,
    scaling_delay: seconds(props.scalingDelay),
    max_multiplexing: props.maxMultiplexing,
    keep_alive: seconds(props.keepAlive),
    scaling_policy: props.scalingPolicy,
    request_timeout: seconds(props.requestTimeout),
    startup_timeout: seconds(props.startupTimeout),
    termination_grace_period_seconds: seconds(props.terminationGracePeriod),
    auth: props.auth,
    exposed_port: 'port' in declaration ? declaration.port : undefined,
    env: withDeclared(source, 'env', props.environment),
    secrets: props.secrets === undefined ? undefined : [...declaredSecrets(source), ...Object.keys(props.secrets)],
    volumes: withDeclared(source, 'volumes', volumeNames(props.volumes)),
    health_check: healthCheck(props.healthCheck),
  };
}

function withDeclared(source: FalSource | undefined, field: Field, given: object | undefined): unknown {
  return given === undefined ? undefined : { ...(source?.declared[field] as object | undefined), ...given };
}

function declaredSecrets(source: FalSource | undefined): readonly unknown[] {
  const { secrets } = source?.declared ?? {};
  return Array.isArray(secrets) ? secrets : [];
}

function volumeNames(volumes: ServerlessGpuAppProps['volumes']): Readonly<Record<string, string>> | undefined {
  if (volumes === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(volumes).map(([path, { _declaration: volume }]) => [
      path,
      volume.kind === 'efs' ? volume.name : volume.kind,
    ]),
  );
}

function healthCheck(check: AppHealthCheck | undefined): unknown {
  if (check === undefined) return undefined;
  return Object.fromEntries(
    Object.entries({
      path: check.path,
      method: check.method,
      start_period_seconds: seconds(check.startPeriod),
      timeout_seconds: seconds(check.timeout),
      failure_threshold: check.failureThreshold,
      call_regularly: check.callRegularly,
    }).filter(([, value]) => value !== undefined),
  );
}

/** A part of a second is left for the check to refuse. */
function seconds(duration: Duration | undefined): number | undefined {
  return duration?.toSeconds({ integral: false });
}

/** A message about the spec with the names of the props that were given. */
function inProps(message: string, given: Readonly<Record<string, unknown>>): string {
  return Object.entries(PROPS)
    .filter(([field]) => field in given)
    .reduce((text, [field, prop]) => {
      const unit = IN_SECONDS.includes(field) ? ' (seconds)' : '';
      return text.replace(new RegExp(`(?<![\\w.:\`-])${field}(?![\\w-])`, 'g'), `\`${prop}\`${unit}`);
    }, message);
}
