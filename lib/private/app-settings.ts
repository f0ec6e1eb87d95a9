import { Token, type Duration } from 'aws-cdk-lib';
import { parseAppSpec, type AppSpec } from '../../runtime/domain/app-spec';
import type { FalSource } from '../../runtime/source/fal-source';
import type { AppHealthCheck, ServerlessGpuAppProps } from '../serverless-gpu-app';
import { sourceReader } from './source-reader';

/**
 * The spec of an app: props win over what its source says, which wins over fal's defaults. Numbers that are known only
 * when the template is deployed are not checked.
 */
export function appSettings(source: FalSource | undefined, name: string, props: ServerlessGpuAppProps): AppSpec {
  const given = Object.entries(overrides(props)).filter(([, value]) => value !== undefined);
  const unresolved = Object.fromEntries(given.filter(([, value]) => Token.isUnresolved(value)));
  const literal = Object.fromEntries(given.filter(([, value]) => !Token.isUnresolved(value)));
  const spec =
    source === undefined
      ? parseAppSpec({ name, ...literal })
      : sourceReader().specFromSource(source, { ...literal, ...(props.name === undefined ? {} : { name }) });
  return { ...spec, ...unresolved };
}

/** Props by the names that fal has for them, in its units. */
function overrides(props: ServerlessGpuAppProps): Readonly<Record<string, unknown>> {
  const machines = [
    ...(props.machineType === undefined ? [] : [props.machineType]),
    ...(props.fallbackMachineTypes ?? []),
  ];
  const { _declaration: source } = props.source;
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
    request_timeout: seconds(props.requestTimeout),
    startup_timeout: seconds(props.startupTimeout),
    termination_grace_period_seconds: seconds(props.terminationGracePeriod),
    auth: props.auth,
    exposed_port: 'port' in source ? source.port : undefined,
    health_check: healthCheck(props.healthCheck),
  };
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

function seconds(duration: Duration | undefined): number | undefined {
  return duration?.toSeconds();
}
