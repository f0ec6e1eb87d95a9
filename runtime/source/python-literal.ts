import type { SyntaxNode } from '@lezer/common';
import { parts, split, type PythonSource } from './python-source';
import { stringValue } from './python-string';

/** What a literal can be; tuples are lists, dictionaries have string keys. */
export type PythonValue = null | boolean | number | string | readonly PythonValue[] | PythonMapping;

export interface PythonMapping {
  readonly [key: string]: PythonValue;
}

/** Gives names and calls a value, for the few that have one without running the code; else throws `NotLiteral`. */
export interface Meanings {
  name(node: SyntaxNode): PythonValue;
  call(node: SyntaxNode): PythonValue;
}

/** An expression whose value is known only when the code runs. */
export class NotLiteral extends Error {
  constructor(
    readonly node: SyntaxNode,
    /** Completes "the expression …". */
    readonly why = 'is known only when the code runs',
  ) {
    super(why);
  }
}

/** The value of an expression that is written out. Throws `NotLiteral` where it is not. */
export function literal(source: PythonSource, node: SyntaxNode, meanings: Meanings): PythonValue {
  const value = (child: SyntaxNode): PythonValue => literal(source, child, meanings);
  switch (node.name) {
    case 'None':
      return null;
    case 'Boolean':
      return source.of(node) === 'True';
    case 'Number':
      return numberValue(source, node);
    case 'String':
      return stringValue(source.of(node)) ?? fail(node);
    case 'ContinuedString':
      return parts(node)
        .map((part) => text(value(part), part))
        .join('');
    case 'ParenthesizedExpression':
      return value(only(parts(node).slice(1, -1), node));
    case 'ArrayExpression':
    case 'TupleExpression':
      return elements(parts(node).slice(1, -1), value);
    case 'DictionaryExpression':
      return dictionary(parts(node).slice(1, -1), value);
    case 'UnaryExpression':
      return signed(source, node, value);
    case 'BinaryExpression':
      return combined(source, node, value);
    case 'VariableName':
      return meanings.name(node);
    case 'MemberExpression':
      // `1.` is read by the grammar as an attribute of 1.
      return node.firstChild?.name === 'Number' ? value(node.firstChild) : meanings.name(node);
    case 'CallExpression':
      return meanings.call(node);
    default:
      return fail(node);
  }
}

/** The value of what stands right of `=`: one expression, or several that make a tuple. */
export function assigned(source: PythonSource, nodes: readonly SyntaxNode[], meanings: Meanings): PythonValue {
  const [first] = nodes;
  if (first !== undefined && nodes.length === 1) return literal(source, first, meanings);
  return elements(nodes, (node) => literal(source, node, meanings));
}

type Evaluate = (node: SyntaxNode) => PythonValue;

function elements(nodes: readonly SyntaxNode[], value: Evaluate): readonly PythonValue[] {
  return split(nodes, ',').flatMap((group) => {
    const [first, second] = group;
    if (first?.name !== '*' || second === undefined) return [value(only(group, first))];
    const spread = value(second);
    return isList(spread) ? spread : fail(second);
  });
}

function dictionary(nodes: readonly SyntaxNode[], value: Evaluate): PythonValue {
  return Object.fromEntries(
    split(nodes, ',').flatMap((group) => {
      const [first, second, third] = group;
      if (first?.name === '**' && second !== undefined) return Object.entries(record(value(second), second));
      if (first === undefined || third === undefined || group.length !== 3) return fail(first);
      return [[text(value(first), first), value(third)] as const];
    }),
  );
}

function numberValue(source: PythonSource, node: SyntaxNode): number {
  const number = Number(source.of(node).replaceAll('_', ''));
  return Number.isNaN(number) ? fail(node) : number;
}

function signed(source: PythonSource, node: SyntaxNode, value: Evaluate): number {
  const [sign, operand] = parts(node);
  const number = operand === undefined ? undefined : value(operand);
  if (sign === undefined || typeof number !== 'number') return fail(node);
  // Python's integers have no negative zero.
  if (source.of(sign) === '-') return 0 - number;
  return source.of(sign) === '+' ? number : fail(node);
}

function combined(source: PythonSource, node: SyntaxNode, value: Evaluate): PythonValue {
  const [left, operator, right] = parts(node);
  if (left === undefined || operator === undefined || right === undefined) return fail(node);
  const [a, sign, b] = [value(left), source.of(operator), value(right)];
  if (sign === '+' && isList(a) && isList(b)) return [...a, ...b];
  if (sign === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
  if (typeof a !== 'number' || typeof b !== 'number') return fail(node);
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  return sign === '*' ? a * b : fail(node);
}

function text(value: PythonValue, node: SyntaxNode): string {
  return typeof value === 'string' ? value : fail(node);
}

function record(value: PythonValue, node: SyntaxNode): PythonMapping {
  return typeof value === 'object' && value !== null && !isList(value) ? value : fail(node);
}

function isList(value: PythonValue): value is readonly PythonValue[] {
  return Array.isArray(value);
}

function only(nodes: readonly SyntaxNode[], whole: SyntaxNode | undefined): SyntaxNode {
  const [first] = nodes;
  return first !== undefined && nodes.length === 1 ? first : fail(whole ?? first);
}

function fail(node: SyntaxNode | undefined): never {
  if (node === undefined) throw new Error('an expression without parts');
  throw new NotLiteral(node);
}
