import type { SyntaxNode } from '@lezer/common';
import { assigned, NotLiteral, type PythonValue } from './python-literal';
import { bindingsOf, type Binding } from './python-scope';
import { argumentsOf, parts, type Arguments, type PythonSource } from './python-source';

/** A class that is written in the file. */
export interface PythonClass {
  readonly name: string;
  readonly node: SyntaxNode;
  /** The bases that are written in the file too. */
  readonly bases: readonly PythonClass[];
  /** The full names of the other bases, where they are imported: `fal.App`. */
  readonly foreignBases: readonly string[];
  readonly arguments: Arguments;
  readonly body: readonly Binding[];
}

/** Reads the value of a call, for the few calls that have one without being made. */
export type CallReader = (module: PythonModule, call: SyntaxNode, scope: Scope) => PythonValue;

/** Where a name is looked up before the module: what the class body has bound so far. */
export type Scope = readonly Binding[];

/** The names of a Python file and what they stand for, as far as that is written in the file. */
export class PythonModule {
  readonly bindings: readonly Binding[];
  /** By name, in the order of the file. A later class of the same name replaces the earlier. */
  readonly classes: ReadonlyMap<string, PythonClass>;
  private readonly globals: ReadonlySet<string>;
  private readonly underway = new Set<Binding>();

  constructor(
    readonly source: PythonSource,
    private readonly readCall: CallReader,
  ) {
    this.bindings = bindingsOf(source, source.top);
    this.globals = globalNames(source);
    this.classes = this.readClasses();
  }

  /** The value of what is assigned. Throws `NotLiteral` where it is known only when the code runs. */
  valueOf(nodes: readonly SyntaxNode[], scope: Scope = []): PythonValue {
    return assigned(this.source, nodes, {
      name: (node) => this.constant(node, scope),
      call: (node) => this.readCall(this, node, scope),
    });
  }

  /**
   * The full name that an expression stands for: `f.App` is `fal.App` after `import fal as f`. `fal` itself needs no
   * import, so that the fragments that documents print can be read.
   */
  fullName(expression: SyntaxNode): string | undefined {
    return this.fullNameOf(this.dotted(expression));
  }

  /** The same for a name that is already taken apart. */
  fullNameOf([first, ...rest]: readonly string[]): string | undefined {
    const start = first === undefined ? undefined : this.meaningOf(first);
    return start === undefined ? undefined : falName([start, ...rest].join('.'));
  }

  /** `['fal', 'App']`; empty for what is not a dotted name. */
  dotted(expression: SyntaxNode): readonly string[] {
    if (expression.name === 'VariableName') return [this.source.of(expression)];
    const [object, dot, property] = parts(expression);
    if (expression.name !== 'MemberExpression' || object === undefined || dot?.name !== '.') return [];
    const start = this.dotted(object);
    return start.length === 0 || property === undefined ? [] : [...start, this.source.of(property)];
  }

  private meaningOf(name: string): string | undefined {
    const bound = this.bindings.filter((binding) => binding.name === name);
    const imported = bound.findLast((binding) => binding.imported !== undefined)?.imported;
    if (imported !== undefined) return imported;
    const [only, second] = bound;
    const [value] = only?.value ?? [];
    if (only === undefined) return name === 'fal' ? name : undefined;
    if (second !== undefined || value === undefined) return undefined;
    return this.following(only, () => this.fullName(value));
  }

  private constant(node: SyntaxNode, scope: Scope): PythonValue {
    const name = this.source.of(node);
    const local = scope.filter((binding) => binding.name === name);
    const bound = local.length > 0 ? local : this.bindings.filter((binding) => binding.name === name);
    const [binding] = bound;
    if (node.name !== 'VariableName' || binding === undefined) throw new NotLiteral(node);
    if (binding.imported !== undefined) throw new NotLiteral(node, 'is imported, and no other file is read');
    if (bound.length > 1 || this.globals.has(name)) throw new NotLiteral(node, 'is changed after it was set');
    const before = local.length > 0 ? scope.slice(0, scope.indexOf(binding)) : [];
    const { value } = binding;
    const found = value === undefined ? undefined : this.following(binding, () => this.valueOf(value, before));
    if (found === undefined) throw new NotLiteral(node);
    return found;
  }

  /** Goes from a name to what it was set to; `undefined` when that leads back to the name. */
  private following<Found>(binding: Binding, follow: () => Found): Found | undefined {
    if (this.underway.has(binding)) return undefined;
    this.underway.add(binding);
    try {
      return follow();
    } finally {
      this.underway.delete(binding);
    }
  }

  private readClasses(): ReadonlyMap<string, PythonClass> {
    const classes = new Map<string, PythonClass>();
    for (const { name, definition } of this.bindings) {
      if (definition?.name !== 'ClassDefinition') continue;
      const list = argumentsOf(this.source, definition.getChild('ArgList'));
      const names = list.positional.map((base) => this.source.of(base));
      const body = definition.getChild('Body');
      classes.set(name, {
        name,
        node: definition,
        bases: names.flatMap((base) => classes.get(base) ?? []),
        foreignBases: list.positional
          .filter((base) => !classes.has(this.source.of(base)))
          .flatMap((base) => this.fullName(base) ?? []),
        arguments: list,
        body: body === null ? [] : bindingsOf(this.source, body),
      });
    }
    return classes;
  }
}

/** The class and its bases in the order in which Python looks for an attribute. */
export function lineage(from: PythonClass): readonly PythonClass[] {
  const visited = [from, ...from.bases.flatMap(lineage)];
  return visited.filter((one, index) => visited.lastIndexOf(one) === index);
}

/** Modules of the fal package through which its public names can be reached too. */
const FAL_MODULES = new Set(['api', 'app', 'container', 'sdk']);

function falName(name: string): string {
  const [root, ...rest] = name.split('.');
  if (root !== 'fal') return name;
  return [root, ...rest.filter((part, index) => index === rest.length - 1 || !FAL_MODULES.has(part))].join('.');
}

/** Names that functions may set: `global X`. */
function globalNames(source: PythonSource): ReadonlySet<string> {
  const names = new Set<string>();
  source.top.cursor().iterate((node) => {
    if (node.name !== 'ScopeStatement') return;
    for (const name of node.node.getChildren('VariableName')) names.add(source.of(name));
  });
  return names;
}
