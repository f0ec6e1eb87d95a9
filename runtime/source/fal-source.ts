import { appAlias, parseAppSpec, type AppSpec } from '../domain/app-spec';
import { didYouMean } from '../domain/nearest';
import { UserError } from '../domain/user-error';
import { falCall } from './fal-calls';
import { classEndpoints, falDecorator, isGenerator, type FalDecorator, type FalEndpoint } from './fal-endpoints';
import { classSettings, functionSettings, type Declared, type Settings } from './fal-settings';
import { dataVolume } from './fal-data-mounts';
import { SURROUNDINGS, surroundings, type FalSurroundings } from './fal-surroundings';
import type { PythonValue } from './python-literal';
import { PythonModule, type PythonClass } from './python-module';
import type { Binding } from './python-scope';
import { PythonSource } from './python-source';

/** A fal app as far as its file tells without being run. */
export interface FalSource {
  /** A class derived from `fal.App`, or a function decorated with `@fal.function` that brings its own server. */
  readonly kind: 'app' | 'function';
  /** The class or function. */
  readonly name: string;
  /** The app name: `app_name`, else the class keyword `name`, else made from the class name as fal does it. */
  readonly alias: string;
  readonly file: string;
  readonly line: number;
  /** What the file says of the app spec, by its field names. */
  readonly declared: Readonly<Record<string, PythonValue>>;
  /** The line of each of these. */
  readonly lines: Readonly<Record<string, number>>;
  /** Empty for a function with an exposed port: every path goes to its server. */
  readonly endpoints: readonly FalEndpoint[];
  readonly image?: FalImage;
  /** What it needs around it: a Python, files, modules. */
  readonly surroundings: FalSurroundings;
}

/** A `ContainerImage`: the text of its Dockerfile or the path of one, and its other arguments by fal's names. */
export interface FalImage {
  readonly dockerfile?: string;
  readonly dockerfile_path?: string;
  readonly [option: string]: PythonValue | undefined;
}

/**
 * Reads an app from the text of its Python file. Without a `name` the file must hold one app (or, having none, one
 * function). Throws a `UserError` that names the line for what is no Python, for a name that is not there, and for a
 * setting that is not written out.
 */
export function readFalSource(text: string, options: { readonly file: string; readonly name?: string }): FalSource {
  if (text.trim() === '') throw new UserError(`${options.file} is empty: it should hold a class derived from fal.App`);
  const module = new PythonModule(new PythonSource(text, options.file), falCall);
  const candidates = [...appsOf(module), ...functionsOf(module)];
  const chosen = options.name === undefined ? onlyOne(module, candidates) : named(module, candidates, options.name);
  return chosen.kind === 'app' ? readApp(module, chosen) : readFunction(module, chosen);
}

/** The spec of an app: what `overrides` say wins over what the file declares, which wins over fal's defaults. */
export function specFromSource(source: FalSource, overrides: Readonly<Record<string, unknown>> = {}): AppSpec {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  const settings = {
    name: source.alias,
    ...(source.kind === 'function' ? FUNCTION_DEFAULTS : {}),
    ...source.declared,
    ...Object.fromEntries(given),
  };
  return parseAppSpec(settings, (field) => {
    const line = given.some(([name]) => name === field) ? undefined : source.lines[field];
    return line === undefined ? undefined : `${source.file}:${line}`;
  });
}

/** Where fal's defaults for functions differ from those for apps. */
const FUNCTION_DEFAULTS = { machine_type: 'XS', keep_alive: 10 };

type Candidate =
  | { readonly kind: 'app'; readonly name: string; readonly class: PythonClass }
  | { readonly kind: 'function'; readonly name: string; readonly binding: Binding; readonly decorator: FalDecorator };

type AppCandidate = Extract<Candidate, { kind: 'app' }>;
type FunctionCandidate = Extract<Candidate, { kind: 'function' }>;

function appsOf(module: PythonModule): readonly AppCandidate[] {
  return [...module.classes.values()]
    .filter(derivesFromApp)
    .map((found) => ({ kind: 'app', name: found.name, class: found }));
}

function derivesFromApp(found: PythonClass): boolean {
  return found.foreignBases.includes('fal.App') || found.bases.some(derivesFromApp);
}

function functionsOf(module: PythonModule): readonly FunctionCandidate[] {
  return module.bindings.flatMap((binding): readonly FunctionCandidate[] => {
    const decorator = falDecorator(module, binding, ['fal.function', 'fal.isolated']);
    return decorator === undefined ? [] : [{ kind: 'function', name: binding.name, binding, decorator }];
  });
}

function named(module: PythonModule, candidates: readonly Candidate[], name: string): Candidate {
  const found = candidates.findLast((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const { source } = module;
  const other = module.classes.get(name);
  if (other !== undefined) {
    const bases = other.arguments.positional.map((base) => source.excerpt(base)).join(', ') || 'nothing';
    const why = `the class ${name} derives from ${bases}, not from fal.App; only classes of this file are followed`;
    throw new UserError(`${source.place(other.node)}: ${why}`);
  }
  const names = candidates.map((candidate) => candidate.name);
  const there = names.length === 0 ? NOTHING_THERE : ` It has: ${names.join(', ')}`;
  throw new UserError(`${source.file} has no app ${name}${didYouMean(name, names) || '.'}${there}`);
}

/** As fal has it, functions count where there is no class. */
function onlyOne(module: PythonModule, candidates: readonly Candidate[]): Candidate {
  const apps = candidates.filter((candidate) => candidate.kind === 'app');
  const [first, second] = apps.length > 0 ? apps : candidates;
  const { file } = module.source;
  if (first === undefined) throw new UserError(`${file} has no app.${NOTHING_THERE}`);
  if (second === undefined) return first;
  const names = (apps.length > 0 ? apps : candidates).map((candidate) => candidate.name);
  throw new UserError(`${file} has several apps: ${names.join(', ')}. Name one, such as ${file}::${first.name}`);
}

const NOTHING_THERE = ' Nothing in it derives from fal.App or is decorated with @fal.function';

function readApp(module: PythonModule, { name, class: found }: AppCandidate): FalSource {
  const settings = classSettings(module, found);
  const endpoints = classEndpoints(module, found);
  const check = endpoints.find((endpoint) => endpoint.health_check !== undefined);
  const read = described(module, settings);
  return {
    kind: 'app',
    name,
    alias: text(module, settings, 'app_name') ?? text(module, settings, 'name') ?? appAlias(name),
    file: module.source.file,
    line: module.source.line(found.node),
    ...read,
    ...(check === undefined
      ? {}
      : {
          declared: { ...read.declared, health_check: { ...(check.health_check as object), path: check.path } },
          lines: { ...read.lines, health_check: check.line },
        }),
    endpoints,
  };
}

/** fal calls a deployed function by its own name, without making kebab case of it. */
function readFunction(module: PythonModule, { name, binding, decorator }: FunctionCandidate): FalSource {
  const settings = functionSettings(module, decorator.arguments);
  const served = settings.get('serve')?.value === true;
  if (!served && !settings.has('exposed_port')) {
    throw new UserError(
      `${module.source.place(decorator.node)}: ${name} answers no requests: add exposed_port=… with the port of its server, or serve=True`,
    );
  }
  const definition = binding.definition ?? binding.node;
  const line = module.source.line(definition);
  const endpoint = { path: '/', name, websocket: false, streaming: isGenerator(definition), line };
  return {
    kind: 'function',
    name,
    alias: name.toLowerCase(),
    file: module.source.file,
    line,
    ...described(module, settings),
    endpoints: settings.has('exposed_port') ? [] : [endpoint],
  };
}

/** Fields that fal's code calls otherwise than the app spec does. */
const SPEC_NAMES: Readonly<Record<string, string>> = { app_auth: 'auth', health_check_config: 'health_check' };
const NOT_IN_SPEC = new Set(['app_name', 'name', 'image', 'serve', 'data_mounts', ...SURROUNDINGS]);

type Described = Pick<FalSource, 'declared' | 'lines' | 'image' | 'surroundings'>;

function described(module: PythonModule, given: Settings): Described {
  const settings = dataVolume(module, given);
  const fields = [...settings].filter(([name]) => !NOT_IN_SPEC.has(name));
  const image = settings.get('image');
  return {
    surroundings: surroundings(module, settings),
    declared: Object.fromEntries(fields.map(([name, { value }]) => [SPEC_NAMES[name] ?? name, value])),
    lines: Object.fromEntries(fields.map(([name, { node }]) => [SPEC_NAMES[name] ?? name, module.source.line(node)])),
    ...(image === undefined ? {} : { image: imageOf(module, image) }),
  };
}

function imageOf(module: PythonModule, { value, node }: Declared): FalImage {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const image = value as FalImage;
    if (typeof (image.dockerfile ?? image.dockerfile_path) === 'string') return image;
  }
  throw new UserError(
    `${module.source.place(node)}: image is ${JSON.stringify(value)}: it must be a ContainerImage, such as ContainerImage.from_dockerfile_str("FROM python:3.12")`,
  );
}

function text(module: PythonModule, settings: Settings, name: string): string | undefined {
  const declared = settings.get(name);
  if (declared === undefined || typeof declared.value === 'string') return declared?.value as string | undefined;
  throw new UserError(
    `${module.source.place(declared.node)}: ${name} is ${JSON.stringify(declared.value)}: it must be a string`,
  );
}
