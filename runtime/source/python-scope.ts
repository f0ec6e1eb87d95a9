import type { SyntaxNode } from '@lezer/common';
import { parts, split, type PythonSource } from './python-source';

/** One statement of a block that gives a name a meaning, or changes what the name means. */
export interface Binding {
  readonly name: string;
  readonly node: SyntaxNode;
  /** What the name is set to, where it always is; several nodes are a tuple without parentheses. */
  readonly value?: readonly SyntaxNode[];
  /** The class or function that the statement defines. */
  readonly definition?: SyntaxNode;
  readonly decorators?: readonly SyntaxNode[];
  /** The full name of what was imported: `fal.App`. */
  readonly imported?: string;
  /** The attribute that is set: `keep_alive` in `MyApp.keep_alive = 5`. */
  readonly attribute?: string;
}

/**
 * The bindings of a module or class body, in order, those in its `if`, `try`, `with` and loops included (as ones
 * without a sure value). Bodies of functions and inner classes are scopes of their own.
 */
export function bindingsOf(source: PythonSource, body: SyntaxNode): readonly Binding[] {
  return parts(body).flatMap((statement) => ofStatement(source, statement));
}

function ofStatement(source: PythonSource, statement: SyntaxNode): readonly Binding[] {
  switch (statement.name) {
    case 'AssignStatement':
      return ofAssignment(source, statement);
    case 'StatementGroup':
      return bindingsOf(source, statement);
    case 'UpdateStatement':
    case 'DeleteStatement':
      return parts(statement).flatMap((node) => changed(source, node, statement));
    case 'ExpressionStatement':
      return ofExpression(source, statement);
    case 'ImportStatement':
      return ofImport(source, statement);
    case 'ClassDefinition':
    case 'FunctionDefinition':
      return ofDefinition(source, statement, statement, []);
    case 'DecoratedStatement': {
      const decorators = statement.getChildren('Decorator');
      return parts(statement).flatMap((node) => ofDefinition(source, node, statement, decorators));
    }
    default:
      return ofCompound(source, statement);
  }
}

function ofDefinition(
  source: PythonSource,
  definition: SyntaxNode,
  node: SyntaxNode,
  decorators: readonly SyntaxNode[],
): readonly Binding[] {
  const name = definition.name.endsWith('Definition') ? definition.getChild('VariableName') : null;
  return name === null ? [] : [{ name: source.of(name), node, definition, decorators }];
}

/** `a: int = b = 1`: all but the last group are targets. An annotation alone (`a: int`) binds nothing. */
function ofAssignment(source: PythonSource, node: SyntaxNode): readonly Binding[] {
  const groups = split(parts(node), 'AssignOp').map((group) => group.filter((part) => part.name !== 'TypeDef'));
  const value = groups.at(-1);
  if (groups.length < 2 || value === undefined) return [];
  return groups.slice(0, -1).flatMap((target): readonly Binding[] => {
    const [first] = target;
    if (first?.name === 'VariableName' && target.length === 1) return [{ name: source.of(first), node, value }];
    return target.flatMap((part) => changed(source, part, node));
  });
}

/** Names in a target that get a part of a value, or whose value is changed in place. */
function changed(source: PythonSource, target: SyntaxNode, node: SyntaxNode): readonly Binding[] {
  if (target.name === 'VariableName') return [{ name: source.of(target), node }];
  if (target.name === 'TupleExpression' || target.name === 'ArrayExpression') {
    return parts(target).flatMap((part) => changed(source, part, node));
  }
  const [object] = parts(target);
  if (target.name !== 'MemberExpression' || object?.name !== 'VariableName') return [];
  const attribute = target.getChild('PropertyName');
  return [{ name: source.of(object), node, ...(attribute === null ? {} : { attribute: source.of(attribute) }) }];
}

const MUTATING_METHODS = new Set(
  'append extend insert remove pop clear sort reverse update setdefault popitem add'.split(' '),
);

/** `requirements.append("torch")` changes what the name means. */
function ofExpression(source: PythonSource, statement: SyntaxNode): readonly Binding[] {
  const method = statement.getChild('CallExpression')?.getChild('MemberExpression');
  const object = method?.getChild('VariableName');
  const name = method?.getChild('PropertyName');
  if (!object || !name || !MUTATING_METHODS.has(source.of(name))) return [];
  return [{ name: source.of(object), node: statement }];
}

function ofImport(source: PythonSource, node: SyntaxNode): readonly Binding[] {
  const [keyword, ...rest] = parts(node).filter((part) => part.name !== '(' && part.name !== ')');
  const [head = [], ...tail] = split(rest, 'import');
  if (keyword?.name === 'import') {
    return split(head, ',').map((group) => {
      const { written, alias } = renamed(source, group);
      return { name: alias ?? firstOf(written), node, imported: alias === undefined ? firstOf(written) : written };
    });
  }
  const module = dotted(source, head);
  return split(tail.flat(), ',').map((group) => {
    const { written, alias } = renamed(source, group);
    return { name: alias ?? written, node, imported: `${module}.${written}` };
  });
}

function renamed(source: PythonSource, group: readonly SyntaxNode[]): { written: string; alias?: string } {
  const [name = [], [alias] = []] = split(group, 'as');
  return { written: dotted(source, name), ...(alias === undefined ? {} : { alias: source.of(alias) }) };
}

function dotted(source: PythonSource, nodes: readonly SyntaxNode[]): string {
  return nodes.map((node) => source.of(node)).join('');
}

function firstOf(dottedName: string): string {
  return dottedName.split('.')[0] ?? dottedName;
}

/** What is bound under a condition or in a loop has no sure value. */
function ofCompound(source: PythonSource, statement: SyntaxNode): readonly Binding[] {
  const bodies = ['Body', 'MatchBody', 'MatchClause'].flatMap((name) => statement.getChildren(name));
  return [
    ...targets(statement).map((target) => ({ name: source.of(target), node: statement })),
    ...bodies.flatMap((body) => bindingsOf(source, body)).map(({ value: _unsure, ...binding }) => binding),
  ];
}

/** The names between `for` and `in`, and those after `as` in `with` and `except`. */
function targets(statement: SyntaxNode): readonly SyntaxNode[] {
  const children = parts(statement);
  const end = statement.name === 'ForStatement' ? children.findIndex((child) => child.name === 'in') : 0;
  return children.filter((child, index) => {
    return child.name === 'VariableName' && (index < end || children[index - 1]?.name === 'as');
  });
}
