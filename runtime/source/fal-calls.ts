import type { SyntaxNode } from '@lezer/common';
import { imageArguments } from './fal-container-image';
import { NotLiteral, type PythonMapping, type PythonValue } from './python-literal';
import type { PythonModule, Scope } from './python-module';
import { argumentsOf, type Arguments } from './python-source';

/**
 * The value of a call of one of fal's own value classes, in the form of the app spec: a `fal.Volume` is its name, a
 * `fal.HealthCheck` its fields. Throws `NotLiteral` for every other call.
 */
export function falCall(module: PythonModule, call: SyntaxNode, scope: Scope): PythonValue {
  const called = call.firstChild;
  const read = called === null ? undefined : READERS[module.fullName(called) ?? ''];
  if (read === undefined) throw new NotLiteral(call);
  const list = argumentsOf(module.source, call.getChild('ArgList'));
  const [unclear] = list.unclear;
  if (unclear !== undefined) throw new NotLiteral(unclear);
  return read(new CallArguments(module, call, list, scope));
}

const READERS: Readonly<Record<string, (call: CallArguments) => PythonValue>> = {
  'fal.Volume': (call) => call.first('name'),
  'fal.HealthCheck': healthCheck,
  'fal.ApplicationHealthCheckConfig': healthCheck,
  'fal.RetryConfig': (call) => {
    return Object.fromEntries(Object.entries(call.keywords()).map(([condition, retries]) => [condition, { retries }]));
  },
  'fal.ContainerImage': (call) => ({
    dockerfile: call.first('dockerfile_str'),
    ...call.imageArguments('dockerfile_str'),
  }),
  'fal.ContainerImage.from_dockerfile_str': (call) => ({
    dockerfile: call.first('text'),
    ...call.imageArguments('text'),
  }),
  'fal.ContainerImage.from_dockerfile': (call) => ({
    dockerfile_path: call.first('path'),
    ...call.imageArguments('path'),
  }),
};

function healthCheck(call: CallArguments): PythonValue {
  const { method, ...fields } = call.keywords();
  return { ...fields, ...(typeof method === 'string' ? { method: method.toUpperCase() } : {}) };
}

class CallArguments {
  constructor(
    private readonly module: PythonModule,
    private readonly call: SyntaxNode,
    private readonly list: Arguments,
    private readonly scope: Scope,
  ) {}

  /** The one argument that may be given without its name. */
  first(name: string): PythonValue {
    const node = this.list.positional[0] ?? this.list.keywords.get(name);
    if (node === undefined) throw new NotLiteral(this.call, `lacks its ${name}`);
    return this.module.valueOf([node], this.scope);
  }

  /** Arguments given by name; those set to None are as good as absent. */
  keywords(): Readonly<Record<string, PythonValue>> {
    const values = [...this.list.keywords].map(
      ([name, node]) => [name, this.module.valueOf([node], this.scope)] as const,
    );
    return Object.fromEntries(values.filter(([, value]) => value !== null));
  }

  /** Those of an image, but for the one that may be given without its name. */
  imageArguments(unnamed: string): PythonMapping {
    return imageArguments({ module: this.module, list: this.list, scope: this.scope, unnamed });
  }
}
