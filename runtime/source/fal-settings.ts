import type { SyntaxNode } from '@lezer/common';
import { APP_SPEC_FIELDS, APP_SPEC_SCHEMA } from '../domain/app-spec';
import { didYouMean } from '../domain/nearest';
import { UserError } from '../domain/user-error';
import { SURROUNDINGS } from './fal-surroundings';
import { NotLiteral, type PythonValue } from './python-literal';
import { lineage, type PythonClass, type PythonModule, type Scope } from './python-module';
import type { Binding } from './python-scope';
import type { Arguments } from './python-source';

/** A setting as it is written in the file. */
export interface Declared {
  readonly value: PythonValue;
  readonly node: SyntaxNode;
}

export type Settings = ReadonlyMap<string, Declared>;

/** Spec fields that fal knows by another name, or that a class does not set. */
const NOT_IN_CODE = ['name', 'auth', 'exposed_port', 'health_check'];
const SPEC_FIELDS = APP_SPEC_FIELDS.filter((field) => !NOT_IN_CODE.includes(field));

/** fal refuses these as class keywords: its decorator gets them from the attributes. */
const ATTRIBUTES_ONLY = [
  'machine_type',
  'num_gpus',
  'requirements',
  'env',
  'volumes',
  'scaling_policy',
  'app_name',
  'app_auth',
  'local_python_modules',
];

const FILES = ['app_files', 'app_files_context_dir', 'local_python_modules'];
const ATTRIBUTES = [...SPEC_FIELDS, 'image', 'app_name', 'app_auth', 'data_mounts', 'kind', ...FILES];
const CLASS_KEYWORDS = [...ATTRIBUTES, ...SURROUNDINGS, 'name', 'health_check_config'].filter(
  (name) => !ATTRIBUTES_ONLY.includes(name),
);
const FUNCTION_KEYWORDS = [
  ...SPEC_FIELDS.filter((name) => !['env', 'volumes', 'scaling_policy'].includes(name)),
  'image',
  'exposed_port',
  'serve',
  'health_check_config',
  'data_mounts',
  ...SURROUNDINGS,
];

/** What fal accepts besides, and the platform has no use for; docs/compatibility.md says why. */
const IGNORED_KEYWORDS = (
  'metrics_port app_files_ignore requirements_context_dir resolver private_logs metadata setup_function ' +
  'force_env_build metaclass host regions machine_types _base_image _scheduler _scheduler_options'
).split(' ');

/**
 * The settings of an app class. As in fal, an attribute, be it inherited, wins over a class keyword, and None is as
 * good as absent.
 */
export function classSettings(module: PythonModule, app: PythonClass): Settings {
  const ancestors = lineage(app);
  for (const one of ancestors) refuseKeywords(module, one);
  refuseLaterChanges(module, ancestors);
  return collect([...new Set([...ATTRIBUTES, ...CLASS_KEYWORDS])], (name) => {
    return firstOf(ancestors, (one) => attribute(module, one, name)) ?? keywordOf(module, ancestors, name);
  });
}

/** The settings in the `@fal.function(…)` of a function. */
export function functionSettings(module: PythonModule, list: Arguments): Settings {
  refuseUnclear(module, list);
  for (const [name, node] of list.keywords) {
    if (!FUNCTION_KEYWORDS.includes(name) && !IGNORED_KEYWORDS.includes(name)) {
      throw new UserError(
        `${module.source.place(node)}: fal.function has no ${name}${didYouMean(name, FUNCTION_KEYWORDS)}`,
      );
    }
  }
  return collect(FUNCTION_KEYWORDS, (name) => keyword(module, list, name));
}

/** The value of an expression for a setting, or a `UserError` that says what to write instead. */
export function settingValue(
  module: PythonModule,
  name: string,
  nodes: readonly SyntaxNode[],
  scope: Scope = [],
): PythonValue {
  try {
    return module.valueOf(nodes, scope);
  } catch (error) {
    if (!(error instanceof NotLiteral)) throw error;
    const { source } = module;
    throw new UserError(
      `${source.place(error.node)}: ${name}: \`${source.excerpt(error.node)}\` ${error.why}. ${mend(name)}`,
    );
  }
}

function collect(names: readonly string[], find: (name: string) => Declared | undefined): Settings {
  const found = names.flatMap((name) => {
    const declared = find(name);
    return declared === undefined ? [] : [[name, declared] as const];
  });
  return new Map(found);
}

function keywordOf(module: PythonModule, ancestors: readonly PythonClass[], name: string): Declared | undefined {
  // The app name is not inherited: two apps of one file need two names.
  const where = name === 'name' ? ancestors.slice(0, 1) : ancestors;
  return CLASS_KEYWORDS.includes(name) ? firstOf(where, (one) => keyword(module, one.arguments, name)) : undefined;
}

function keyword(module: PythonModule, list: Arguments, name: string): Declared | undefined {
  const node = list.keywords.get(name);
  return node === undefined ? undefined : present({ value: settingValue(module, name, [node]), node });
}

/** As in Python, the last of several assignments in a class body counts. */
function attribute(module: PythonModule, owner: PythonClass, name: string): Declared | undefined {
  if (!ATTRIBUTES.includes(name)) return undefined;
  const bound = owner.body.filter((binding) => binding.name === name);
  const last = bound.at(-1);
  const unsure = bound.find((binding) => binding.value === undefined);
  if (unsure !== undefined) throw new UserError(`${module.source.place(unsure.node)}: ${unsureBecause(name, unsure)}`);
  if (last?.value === undefined) return undefined;
  const before = owner.body.slice(0, owner.body.indexOf(last));
  return present({ value: settingValue(module, name, last.value, before), node: last.node });
}

function present(declared: Declared): Declared | undefined {
  return declared.value === null ? undefined : declared;
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unsureBecause(name: string, { definition }: Binding): string {
  if (definition !== undefined) return `${name} is a setting of the app and cannot be a method or a class: rename it`;
  return `${name} is changed or set under a condition, which is known only when the code runs. ${mend(name)}`;
}

/** `MyApp.keep_alive = 5` below the class. */
function refuseLaterChanges(module: PythonModule, ancestors: readonly PythonClass[]): void {
  for (const { name, attribute: changed, node } of module.bindings) {
    if (changed === undefined || !ATTRIBUTES.includes(changed)) continue;
    if (ancestors.some((one) => one.name === name)) {
      throw new UserError(
        `${module.source.place(node)}: ${changed} is set outside of its class: write it in the class ${name}`,
      );
    }
  }
}

function refuseKeywords(module: PythonModule, owner: PythonClass): void {
  refuseUnclear(module, owner.arguments);
  for (const [name, node] of owner.arguments.keywords) {
    if (CLASS_KEYWORDS.includes(name) || IGNORED_KEYWORDS.includes(name)) continue;
    const mended = ATTRIBUTES_ONLY.includes(name)
      ? `fal takes ${name} as an attribute alone: write ${name} = ${module.source.excerpt(node)} in the body of the class`
      : `fal.App has no class keyword ${name}${didYouMean(name, CLASS_KEYWORDS)}`;
    throw new UserError(`${module.source.place(node)}: ${mended}`);
  }
}

function refuseUnclear(module: PythonModule, list: Arguments): void {
  const [unclear] = list.unclear;
  if (unclear === undefined) return;
  throw new UserError(
    `${module.source.place(unclear)}: settings given by \`*\` or \`**\` are known only when the code runs: write them out`,
  );
}

function mend(name: string): string {
  const schema = APP_SPEC_SCHEMA.properties?.[name];
  const example = EXAMPLES[name] ?? JSON.stringify(schema?.examples?.[0] ?? schema?.default);
  const elsewhere = OF_THE_CODE.includes(name) ? '' : ', or leave it out and set it where the app is run or deployed';
  return `Write it out, such as ${name} = ${example}${elsewhere}`;
}

/** For what the app spec has by another name, or not at all. */
const EXAMPLES: Readonly<Record<string, string>> = {
  app_name: '"my-app"',
  app_auth: '"private"',
  image: 'ContainerImage.from_dockerfile_str("FROM python:3.12")',
  path: '"/predict"',
  is_websocket: 'True',
  serve: 'True',
  health_check: 'fal.HealthCheck(timeout_seconds=5)',
  health_check_config: 'fal.HealthCheck(timeout_seconds=5)',
  data_mounts: '["/data"]',
  python_version: '"3.12"',
  kind: '"virtualenv"',
  app_files: '["prompts.txt"]',
  app_files_context_dir: '"."',
  local_python_modules: '["my_package"]',
};

/** What belongs to the code and can be set nowhere else. */
const OF_THE_CODE = [
  ...['image', 'path', 'is_websocket', 'serve', 'health_check', 'health_check_config', 'data_mounts'],
  ...SURROUNDINGS,
];
