import type { SyntaxNode } from '@lezer/common';
import { UserError } from '../domain/user-error';
import { settingValue } from './fal-settings';
import type { PythonValue } from './python-literal';
import { lineage, type PythonClass, type PythonModule } from './python-module';
import type { Binding } from './python-scope';
import { argumentsOf, type Arguments } from './python-source';

export interface FalEndpoint {
  /** The path as the app sees it, with its leading `/`. */
  readonly path: string;
  /** The method (or function) that answers. */
  readonly name: string;
  /** True for WebSocket endpoints, `@fal.realtime` among them. */
  readonly websocket: boolean;
  /** True when the method is a generator: its answer is streamed. */
  readonly streaming: boolean;
  /** The fields of its `fal.HealthCheck`. */
  readonly health_check?: PythonValue;
  readonly line: number;
}

/** The endpoints of an app, inherited ones included, in the order of the file. */
export function classEndpoints(module: PythonModule, app: PythonClass): readonly FalEndpoint[] {
  const methods = new Map<string, Binding>();
  for (const one of lineage(app).toReversed()) for (const binding of one.body) methods.set(binding.name, binding);
  const endpoints = [...methods.values()].flatMap((method) => endpointOf(module, method) ?? []);
  refuseTwice(module, endpoints, (endpoint) => `the path ${endpoint.path}`);
  refuseTwice(
    module,
    endpoints.filter((endpoint) => endpoint.health_check !== undefined),
    () => 'a health check',
  );
  return endpoints.toSorted((a, b) => a.line - b.line);
}

/** True when the body of a function yields; what functions inside it yield is theirs. */
export function isGenerator(definition: SyntaxNode): boolean {
  const body = definition.getChild('Body');
  return body !== null && yields(body);
}

/** The decorator of a definition that is the given function of fal. */
export function falDecorator(
  module: PythonModule,
  binding: Binding,
  names: readonly string[],
): FalDecorator | undefined {
  for (const node of binding.decorators ?? []) {
    const name = decoratorName(module, node);
    if (name !== undefined && names.includes(name)) {
      return { node, name, arguments: argumentsOf(module.source, node.getChild('ArgList')) };
    }
  }
  return undefined;
}

export interface FalDecorator {
  readonly node: SyntaxNode;
  readonly name: string;
  readonly arguments: Arguments;
}

function endpointOf(module: PythonModule, method: Binding): FalEndpoint | undefined {
  const decorator = falDecorator(module, method, ['fal.endpoint', 'fal.realtime']);
  if (decorator === undefined || method.definition === undefined) return undefined;
  const { keywords } = decorator.arguments;
  const value = (name: string): PythonValue => {
    const node = keywords.get(name);
    return node === undefined ? null : settingValue(module, name, [node]);
  };
  const healthCheck = value('health_check');
  return {
    path: pathOf(module, decorator),
    name: method.name,
    websocket: decorator.name === 'fal.realtime' || value('is_websocket') === true,
    streaming: isGenerator(method.definition),
    ...(healthCheck === null ? {} : { health_check: healthCheck }),
    line: module.source.line(method.definition),
  };
}

function pathOf(module: PythonModule, { node, name, arguments: list }: FalDecorator): string {
  const written = list.positional[0] ?? list.keywords.get('path');
  const path = written === undefined ? undefined : settingValue(module, 'path', [written]);
  if (typeof path === 'string' && path.startsWith('/')) return path;
  const given = path === undefined ? 'has no path' : `has the path ${JSON.stringify(path)}`;
  throw new UserError(
    `${module.source.place(node)}: this ${name} ${given}: give it one that starts with '/', such as @${name}("/predict")`,
  );
}

function refuseTwice(
  module: PythonModule,
  endpoints: readonly FalEndpoint[],
  subject: (endpoint: FalEndpoint) => string,
): void {
  const first = new Map<string, FalEndpoint>();
  for (const endpoint of endpoints) {
    const other = first.get(subject(endpoint));
    if (other !== undefined) {
      throw new UserError(
        `${module.source.file}:${endpoint.line}: ${endpoint.name} and ${other.name} both have ${subject(endpoint)}: an app can have it once`,
      );
    }
    first.set(subject(endpoint), endpoint);
  }
}

/** A decorator holds its dotted name as a row of names and dots. */
function decoratorName(module: PythonModule, decorator: SyntaxNode): string | undefined {
  return module.fullNameOf(decorator.getChildren('VariableName').map((name) => module.source.of(name)));
}

function yields(node: SyntaxNode): boolean {
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === 'YieldStatement' || child.name === 'YieldExpression') return true;
    const ownScope = ['FunctionDefinition', 'ClassDefinition', 'LambdaExpression'].includes(child.name);
    if (!ownScope && yields(child)) return true;
  }
  return false;
}
