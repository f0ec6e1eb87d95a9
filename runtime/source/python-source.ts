import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { UserError } from '../domain/user-error';

/** The text of a Python file with its syntax tree. Nothing of it is ever run. */
export class PythonSource {
  readonly text: string;
  readonly top: SyntaxNode;

  /** Throws a `UserError` that names line, column and text when the file is not Python. */
  constructor(
    text: string,
    readonly file: string,
  ) {
    this.text = asPythonReads(text);
    this.top = parser.parse(this.text).topNode;
    const error = firstError(this.top);
    if (error !== undefined) throw new UserError(this.describe(error));
  }

  of(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  /** The line of a node, from 1. */
  line(node: SyntaxNode): number {
    return this.linesUntil(node.from).length;
  }

  /** `app.py:12`, to begin a message with. */
  place(node: SyntaxNode): string {
    return `${this.file}:${this.line(node)}`;
  }

  /** The code of a node on one short line, to show in a message. */
  excerpt(node: SyntaxNode): string {
    return shortened(this.of(node).replace(/\s+/g, ' ').trim());
  }

  private describe(error: SyntaxNode): string {
    const before = this.linesUntil(error.from);
    const column = (before.at(-1) ?? '').length + 1;
    const line = shortened((this.text.split('\n')[before.length - 1] ?? '').trim());
    const near = line === '' ? 'at the end of a line' : `near \`${line}\``;
    return `${this.file}:${before.length}:${column}: this is not valid Python, ${near}`;
  }

  private linesUntil(position: number): readonly string[] {
    return this.text.slice(0, position).split('\n');
  }
}

/** The children of a node that mean something: no comments, no traces of error recovery. */
export function parts(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'Comment' && !child.type.isError) found.push(child);
  }
  return found;
}

/** The groups of nodes between separators of one kind, the empty ones left out. */
export function split(nodes: readonly SyntaxNode[], separator: string): readonly (readonly SyntaxNode[])[] {
  const groups: SyntaxNode[][] = [[]];
  for (const node of nodes) {
    if (node.name === separator) groups.push([]);
    else groups.at(-1)?.push(node);
  }
  return groups.filter((group) => group.length > 0);
}

/** The arguments of a call, of a decorator or of a class. */
export interface Arguments {
  readonly positional: readonly SyntaxNode[];
  readonly keywords: ReadonlyMap<string, SyntaxNode>;
  /** `*values`, `**options` and whatever else is not written out. */
  readonly unclear: readonly SyntaxNode[];
}

export function argumentsOf(source: PythonSource, list: SyntaxNode | null): Arguments {
  const positional: SyntaxNode[] = [];
  const keywords = new Map<string, SyntaxNode>();
  const unclear: SyntaxNode[] = [];
  for (const group of list === null ? [] : split(parts(list).slice(1, -1), ',')) {
    const [first, equals, value] = group;
    if (first === undefined) continue;
    if (group.length === 1) positional.push(first);
    else if (equals?.name === 'AssignOp' && value !== undefined) keywords.set(source.of(first), value);
    else unclear.push(first);
  }
  return { positional, keywords, unclear };
}

/** The text as Python's own reader sees it: no byte order mark, `\n` at each line end, form feeds as blanks. */
function asPythonReads(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\f/g, ' ');
}

/**
 * The first place where the tree is known to be wrong. Function bodies are left to Python, which refuses a broken one
 * itself before any of it runs: nothing here reads them, and the grammar has gaps there (`with a as (b, c):`, a bare
 * `yield`) that sound files contain.
 */
function firstError(node: SyntaxNode): SyntaxNode | undefined {
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.type.isError ? !isGapOfTheGrammar(child) : child.name === 'PrintStatement') return child;
    const error = isFunctionBody(child) ? emptyBody(child) : firstError(child);
    if (error !== undefined) return error;
  }
  return undefined;
}

function isFunctionBody(node: SyntaxNode): boolean {
  return node.name === 'Body' && node.parent?.name === 'FunctionDefinition';
}

function emptyBody(body: SyntaxNode): SyntaxNode | undefined {
  return parts(body).length < 2 ? body : undefined;
}

/** `1.` without decimals and a bare `yield` are Python. */
function isGapOfTheGrammar(error: SyntaxNode): boolean {
  if (error.from !== error.to) return false;
  const before = error.prevSibling?.name;
  return before === 'yield' || (before === '.' && error.parent?.firstChild?.name === 'Number');
}

function shortened(code: string): string {
  return code.length > 60 ? `${code.slice(0, 57)}...` : code;
}
