/**
 * Which files a `.dockerignore` keeps out of a build context. Patterns mean what they mean to Docker: Go's
 * `filepath.Match` from the root of the context, `**` for any number of folders, a pattern that matches a folder
 * covers all below it, `!` makes an exception, and the last pattern that matches decides.
 */
import { UserError } from '../domain/user-error';

interface Pattern {
  readonly text: string;
  readonly exception: boolean;
  readonly expression: RegExp;
}

export class DockerIgnore {
  private readonly patterns: readonly Pattern[];

  /** Throws a `UserError` for a pattern that Docker refuses too. */
  constructor(text: string) {
    this.patterns = text.split(/\r?\n/).flatMap(parsed);
  }

  /** True for a path, `/` between its parts, that stays outside. */
  excludes(path: string): boolean {
    const matched = this.patterns.findLast(({ expression }) => ancestry(path).some((part) => expression.test(part)));
    return matched !== undefined && !matched.exception;
  }

  /** True for a folder that nothing inside can come from: it need not be read. */
  excludesAllBelow(folder: string): boolean {
    return this.excludes(folder) && !this.patterns.some((pattern) => pattern.exception && reaches(pattern, folder));
  }
}

function parsed(line: string): readonly Pattern[] {
  const trimmed = line.trim();
  if (trimmed === '' || line.startsWith('#')) return [];
  const exception = trimmed.startsWith('!');
  const text = clean(exception ? trimmed.slice(1).trim() : trimmed);
  return text === '' ? [] : [{ text, exception, expression: expressionOf(text) }];
}

/** `/a//b/./c/` → `a/b/c`. What leads out of the context matches nothing. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function ancestry(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** True when an exception may let something below the folder in. */
function reaches({ text }: Pattern, folder: string): boolean {
  const literal = /^[^*?[\\]*/.exec(text)?.[0] ?? '';
  return literal.startsWith(`${folder}/`) || `${folder}/`.startsWith(literal);
}

const TOKEN = /\*\*\/?|\*|\?|\\.|\[(?:\\.|[^\]\\])+\]|[\s\S]/gu;

function expressionOf(pattern: string): RegExp {
  const source = [...pattern.matchAll(TOKEN)].map(([token]) => sourceOf(token, pattern)).join('');
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch {
    throw refused(pattern);
  }
}

function sourceOf(token: string, pattern: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.length > 1 && token.startsWith('[')) return token;
  if (token === '[' || token === '\\') throw refused(pattern);
  return literal(token.startsWith('\\') ? token.slice(1) : token);
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
}

function refused(pattern: string): UserError {
  return new UserError(`.dockerignore: the pattern ${JSON.stringify(pattern)} is malformed`);
}
