import * as appSpecSchema from './app-spec.schema.json';
import { crossFieldProblems } from './app-spec-rules';
import { inWords, violations, withDefaults, type JsonSchema, type Violation } from './json-schema';
import { didYouMean, nearest } from './nearest';
import { UserError } from './user-error';

/**
 * What an app asks of the platform: fal's class attributes by their own names, seconds where fal has seconds. Ranges,
 * defaults and the meaning of each field are in `app-spec.schema.json`.
 */
export interface AppSpec {
  /** The last part of the app id: lower-case letters, digits, `-`, and `_` as in the names of fal functions. */
  readonly name: string;
  readonly machine_type: readonly string[];
  readonly num_gpus?: number;
  readonly requirements: readonly (readonly string[])[];
  readonly min_concurrency: number;
  readonly max_concurrency: number;
  readonly concurrency_buffer: number;
  readonly concurrency_buffer_perc: number;
  readonly scaling_delay: number;
  readonly max_multiplexing: number;
  readonly keep_alive: number;
  /** Ours, not fal's: `adaptive` learns from the app's calls when to start and to end runners. */
  readonly scaling_policy: 'fal' | 'adaptive';
  readonly request_timeout: number;
  readonly startup_timeout: number;
  readonly termination_grace_period_seconds: number;
  readonly auth: 'private' | 'shared' | 'public';
  /** The port the app's HTTP server listens on; a fal.App is told its port and needs none. */
  readonly exposed_port?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  /** Mount path → volume name. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly health_check?: HealthCheck;
  readonly skip_retry_conditions: readonly ('server_error' | 'timeout' | 'connection_error')[];
  readonly retry_config?: Readonly<Record<string, { readonly retries: number }>>;
}

export interface HealthCheck {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly start_period_seconds: number;
  readonly timeout_seconds: number;
  readonly failure_threshold: number;
  readonly call_regularly: boolean;
}

/** The schema of a declared spec: `machine_type` may be a string, `requirements` a flat list. */
export const APP_SPEC_SCHEMA = appSpecSchema as JsonSchema;

/** Names of all fields. */
export const APP_SPEC_FIELDS: readonly string[] = Object.keys(APP_SPEC_SCHEMA.properties ?? {});

/** Where a field was declared (`app.py:12`), to begin a message with; `undefined` where nobody knows. */
export type Origin = (field: string) => string | undefined;

/**
 * The spec that was declared, with fal's defaults for what was not. Throws a `UserError` with a line for each thing
 * that is wrong: the field, the value it has, the values allowed and the nearest of them.
 */
export function parseAppSpec(declared: unknown, origin: Origin = () => undefined): AppSpec {
  refuse(violations(APP_SPEC_SCHEMA, declared).map(problemOf), origin);
  const spec = normalised(withDefaults(APP_SPEC_SCHEMA, declared) as DeclaredAppSpec, declared as DeclaredAppSpec);
  refuse(crossFieldProblems(spec), origin);
  return spec;
}

/** The app name that fal derives from a class name: `MyGoodApp` → `my-good-app`, `ONNXModel` → `o-n-n-x-model`. */
export function appAlias(className: string): string {
  const capitalised = className.match(/[A-Z][a-z]*/g);
  const words = capitalised ?? className.split('_').filter((word) => word !== '');
  return words.join('-').toLowerCase();
}

/** Something that is wrong with a field of the spec, in a sentence. */
export interface SpecProblem {
  readonly field: string;
  readonly message: string;
}

/** A spec as people write it. */
type DeclaredAppSpec = Omit<AppSpec, 'machine_type' | 'requirements'> & {
  readonly machine_type: string | readonly string[];
  readonly requirements: readonly string[] | readonly (readonly string[])[];
};

function normalised(spec: DeclaredAppSpec, declared: Partial<DeclaredAppSpec>): AppSpec {
  const { machine_type: machine, requirements } = spec;
  return {
    ...spec,
    machine_type: typeof machine === 'string' ? [machine] : machine,
    requirements: requirements.some((item) => typeof item === 'string')
      ? [requirements as readonly string[]]
      : (requirements as readonly (readonly string[])[]),
    max_concurrency: declared.max_concurrency ?? Math.max(spec.max_concurrency, spec.min_concurrency),
  };
}

function refuse(problems: readonly SpecProblem[], origin: Origin): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ field, message }) => {
    const declaredAt = origin(field);
    return declaredAt === undefined ? message : `${declaredAt}: ${message}`;
  });
  throw new UserError(lines.join('\n'));
}

function problemOf(violation: Violation): SpecProblem {
  const [first, ...rest] = violation.path;
  const field = String(first ?? 'app spec');
  const path = rest.reduce<string>((start, key) => `${start}[${JSON.stringify(key)}]`, field);
  return { field, message: sentence(violation, path) };
}

function sentence({ problem, schema, value, path }: Violation, name: string): string {
  if (problem === 'missing') return `${name} is missing: it must be ${inWords(schema)}`;
  if (problem === 'name')
    return `${name}: ${JSON.stringify(value)} is not allowed there, it must be ${inWords(schema)}`;
  if (problem === 'unknown') {
    const known = Object.keys(schema.properties ?? {});
    return `${name} is not a setting${didYouMean(String(path.at(-1)), known) || `; known: ${known.join(', ')}`}`;
  }
  return `${name} is ${JSON.stringify(value)}: it must be ${inWords(schema)}${nearestValid(schema, value)}`;
}

function nearestValid(schema: JsonSchema, value: unknown): string {
  if (schema.enum !== undefined && typeof value === 'string') {
    const suggestion = nearest(value, schema.enum);
    return suggestion === undefined ? '' : `; nearest: ${JSON.stringify(suggestion)}`;
  }
  if (schema.type !== 'integer') return '';
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return '';
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return `; nearest: ${Math.round(Math.min(maximum, Math.max(minimum, number)))}`;
}
