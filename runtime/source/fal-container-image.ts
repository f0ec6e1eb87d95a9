/** A `ContainerImage`: which of its arguments its build here uses, and what takes the place of the others. */
import type { SyntaxNode } from '@lezer/common';
import { didYouMean } from '../domain/nearest';
import { UserError } from '../domain/user-error';
import { NotLiteral, type PythonMapping, type PythonValue } from './python-literal';
import type { PythonModule, Scope } from './python-module';
import { parts, split, type Arguments } from './python-source';

/** A call that makes an image, with the argument that may be given without its name. */
export interface ImageCall {
  readonly module: PythonModule;
  readonly list: Arguments;
  readonly scope: Scope;
  readonly unnamed: string;
}

/**
 * The arguments of an image that its build uses, by fal's names. Throws a `UserError` for one that fal does not know, one
 * that has no effect here and whose absence would be noticed, and one that is not written out.
 */
export function imageArguments(call: ImageCall): PythonMapping {
  const { module, list, unnamed } = call;
  const [, second] = list.positional;
  if (second !== undefined)
    refuse(module, second, 'only the first argument of ContainerImage may be given without its name');
  const given = [...list.keywords].filter(([name, node]) => name !== unnamed && node.name !== 'None');
  const values = given.flatMap(([name, node]) => {
    if (WITHOUT_EFFECT.includes(name)) return [];
    const replaced = REPLACED[name];
    if (replaced !== undefined) return hasNoEffect(call, node, replaced) ? [] : refuse(module, node, replaced.mend);
    return [[name, used(call, name, node)] as const];
  });
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

interface Used {
  readonly form: string;
  readonly example: string;
  holds(value: PythonValue): boolean;
}

const PATH = {
  form: "a path from the app's file, as a string",
  holds: (value: PythonValue): boolean => typeof value === 'string' && value !== '',
};

const USED: Readonly<Record<string, Used>> = {
  build_args: {
    form: 'a mapping of strings',
    example: '{"VERSION": "1"}',
    holds: (value) => isMapping(value) && Object.values(value).every(isText),
  },
  secrets: {
    form: 'a mapping by the names of the secrets',
    example: '{"TOKEN": "$TOKEN"}',
    holds: (value) => Array.isArray(value),
  },
  context_dir: { ...PATH, example: '"."' },
  dockerignore: {
    form: 'a list of patterns',
    example: '["*.bin"]',
    holds: (value) => Array.isArray(value) && value.every((pattern) => typeof pattern === 'string'),
  },
  dockerignore_path: { ...PATH, example: '".dockerignore"' },
};

/** How fal's own builder works; the image is the same. */
const WITHOUT_EFFECT = ['builder', 'compression', 'force_compression'];

interface Replaced {
  readonly mend: string;
  /** Values that say what is done here anyway. */
  readonly same: readonly string[];
}

const OWN_SERVER =
  'a container that runs a server of its own is AppSource.dockerfile(directory, { port }), ' +
  'or `sgpu run --exec` on this machine';

const REPLACED: Readonly<Record<string, Replaced>> = {
  registries: {
    same: ['{}'],
    mend:
      'registries: no password is taken from the file of an app. Leave it out, and run `docker login` where ' +
      'ImageBuild.docker() builds the image; an image with a server of its own is named with its login by ' +
      'AppSource.image(ecs.ContainerImage.fromRegistry(…, { credentials }), { port })',
  },
  entrypoint: { same: ['""', '[]'], mend: startsTheApp('entrypoint') },
  cmd: { same: ['""', '[]'], mend: startsTheApp('cmd') },
  use_isolate: {
    same: ['true'],
    mend: `use_isolate: the image always starts the app of this file. Leave it out; ${OWN_SERVER}`,
  },
};

function startsTheApp(name: string): string {
  return (
    `${name}: the image starts the app of this file, and no other program. ` +
    `Leave it out, and write variables as ENV in the Dockerfile; ${OWN_SERVER}`
  );
}

function hasNoEffect({ module, scope }: ImageCall, node: SyntaxNode, { same }: Replaced): boolean {
  try {
    const value = module.valueOf([node], scope);
    return value === null || same.includes(JSON.stringify(value));
  } catch (error) {
    if (error instanceof NotLiteral) return false;
    throw error;
  }
}

function used(call: ImageCall, name: string, node: SyntaxNode): PythonValue {
  const { module, unnamed } = call;
  const argument = USED[name];
  if (argument === undefined) return refuse(module, node, `ContainerImage has no ${name}${suggested(name, unnamed)}`);
  const value = written(call, name, node, argument);
  if (value === null || argument.holds(value)) return value;
  return refuse(module, node, `${name} of ContainerImage must be ${argument.form}, such as ${example(name, argument)}`);
}

function suggested(name: string, unnamed: string): string {
  return didYouMean(name, [unnamed, ...Object.keys(USED), ...Object.keys(REPLACED), ...WITHOUT_EFFECT]);
}

function written({ module, scope }: ImageCall, name: string, node: SyntaxNode, argument: Used): PythonValue {
  try {
    return name === 'secrets' ? secretNames(module, node, scope) : module.valueOf([node], scope);
  } catch (error) {
    if (!(error instanceof NotLiteral)) throw error;
    const excerpt = module.source.excerpt(error.node);
    const mend = `Write ${argument.form}, such as ${example(name, argument)}`;
    return refuse(module, error.node, `${name} of ContainerImage: \`${excerpt}\` ${error.why}. ${mend}`);
  }
}

function example(name: string, { example: value }: Used): string {
  return `${name}=${value}`;
}

/** The names alone: where the values come from, `ImageBuild` says. */
function secretNames(module: PythonModule, node: SyntaxNode, scope: Scope): PythonValue {
  if (node.name !== 'DictionaryExpression') {
    const value = module.valueOf([node], scope);
    return isMapping(value) ? Object.keys(value) : value;
  }
  return split(parts(node).slice(1, -1), ',').map(([key = node, colon]) => {
    const name = colon?.name === ':' ? module.valueOf([key], scope) : undefined;
    if (typeof name !== 'string') throw new NotLiteral(key);
    return name;
  });
}

function isMapping(value: PythonValue): value is PythonMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: PythonValue): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function refuse(module: PythonModule, node: SyntaxNode, why: string): never {
  throw new UserError(`${module.source.place(node)}: ${why}`);
}
