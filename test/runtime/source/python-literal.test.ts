import fc from 'fast-check';
import { NotLiteral, type PythonValue } from '../../../runtime/source/python-literal';
import { PythonModule } from '../../../runtime/source/python-module';
import { PythonSource } from '../../../runtime/source/python-source';

/** The value of the last assignment to `x` in a text. */
function valueOf(text: string): PythonValue {
  const module = new PythonModule(new PythonSource(text, 'app.py'), (_module, call) => {
    throw new NotLiteral(call);
  });
  const value = module.bindings.findLast((binding) => binding.name === 'x')?.value;
  if (value === undefined) throw new Error(`no x in ${text}`);
  return module.valueOf(value);
}

describe('literals', () => {
  test.each<[string, PythonValue]>([
    ['None', null],
    ['True', true],
    ['False', false],
    ['300', 300],
    ['-1', -1],
    ['+1', 1],
    ['-0', 0],
    ['- -1', 1],
    ['1_000', 1000],
    ['0x1F', 31],
    ['0o17', 15],
    ['0b101', 5],
    ['1.5e3', 1500],
    ['7.', 7],
    ['.5', 0.5],
    ['5 * 60', 300],
    ['1 + 2 * 3 - 4', 3],
    ['(300)', 300],
    ['"a" "b"', 'ab'],
    ['("a"\n     "b")', 'ab'],
    ['"a" + "b"', 'ab'],
    ["'it\\'s'", "it's"],
    ['"""a\n"b"\n"""', 'a\n"b"\n'],
    ["'''a'''", 'a'],
    ['r"\\n"', '\\n'],
    ['u"a"', 'a'],
    ['"\\n\\t\\\\\\x41\\u00e9\\U0001F600\\101\\q"', '\n\t\\A\u00e9\u{1F600}A\\q'],
    ['"a\\\nb"', 'ab'],
    ['[]', []],
    ['["a", # why\n     "b",\n    ]', ['a', 'b']],
    ['("a",)', ['a']],
    ['()', []],
    ['"a", "b"', ['a', 'b']],
    ['["a"] + ["b"] + ["c"]', ['a', 'b', 'c']],
    ['[*["a"], "b"]', ['a', 'b']],
    ['{}', {}],
    ['{"a": 1, "b": {"c": []}}', { a: 1, b: { c: [] } }],
    ['{**{"a": 1}, "b": 2}', { a: 1, b: 2 }],
    ['{"a": 1, "a": 2}', { a: 2 }],
  ])('%s', (text, value) => {
    expect(valueOf(`x = ${text}\n`)).toEqual(value);
  });

  test('an annotated and a chained assignment have the value', () => {
    expect(valueOf('x: list[str] = ["a"]')).toEqual(['a']);
    expect(valueOf('y = x = 3')).toBe(3);
  });

  test('a key called __proto__ is a key like any other', () => {
    expect(Object.keys(valueOf('x = {"__proto__": 1}') as object)).toEqual(['__proto__']);
  });

  test('Windows line ends and a byte order mark change nothing', () => {
    expect(valueOf('\uFEFFx = """a\r\nb"""\r\n')).toBe('a\nb');
  });
});

describe('names', () => {
  test('a constant of the module that is set once has its value', () => {
    expect(valueOf('BASE = ["torch"]\nMORE = BASE + ["pillow"]\nx = MORE')).toEqual(['torch', 'pillow']);
  });

  test('a name that only conditions read stays a constant', () => {
    expect(valueOf('A = 1\nif A:\n    print(A)\nx = A')).toBe(1);
  });

  test.each([
    ['set twice', 'A = 1\nA = 2\nx = A'],
    ['set under a condition', 'if y:\n    A = 1\nx = A'],
    ['added to', 'A = []\nA += ["b"]\nx = A'],
    ['changed by a method', 'A = []\nA.append("b")\nx = A'],
    ['changed by an index', 'A = [1]\nA[0] = 2\nx = A'],
    ['changed by a function', 'A = 1\ndef f():\n    global A\n    A = 2\nx = A'],
    ['deleted', 'A = 1\ndel A\nx = A'],
    ['unpacked', 'A, B = 1, 2\nx = A'],
    ['of a loop', 'for A in [1]:\n    pass\nx = A'],
    ['of a with', 'with y as A:\n    pass\nx = A'],
    ['imported', 'from config import A\nx = A'],
    ['defined by itself', 'A = A\nx = A'],
    ['of a function', 'def A(): pass\nx = A'],
    ['nowhere', 'x = A'],
  ])('a name %s has no sure value', (_case, text) => {
    expect(() => valueOf(text)).toThrow(NotLiteral);
  });
});

test.each([
  'f"{a}"',
  'f"a"',
  'b"a"',
  '"a" f"{b}"',
  '"\\N{BULLET}"',
  '1j',
  'not True',
  '~1',
  '1 / 2',
  '"a" * 2',
  '[] + ()[0]',
  '{1: 2}',
  '{None: 1}',
  '{"a", "b"}',
  '[a for a in b]',
  'lambda: 1',
  'a if b else c',
  'os.environ["A"]',
  'os.getenv("A")',
  '...',
  '(y := 1)',
])('%s is not a literal', (text) => {
  expect(() => valueOf(`x = ${text}\n`)).toThrow(NotLiteral);
});

describe('round trip', () => {
  const style = fc.record({
    quotes: fc.constantFrom('"', "'", '"""', "'''"),
    escape: fc.constantFrom<Escape>('letter', 'hex', 'octal', 'long'),
    separator: fc.constantFrom(', ', ',', ',\n    ', ', # so\n  '),
    tuples: fc.boolean(),
    trailing: fc.boolean(),
    parentheses: fc.boolean(),
  });

  test('any value written as Python is read as itself', () => {
    const value = fc
      .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
      .map((json) => withoutNegativeZero(json as PythonValue));
    fc.assert(
      fc.property(value, style, (json, how) => {
        expect(valueOf(`x = ${written(json, how)}\n`)).toEqual(json);
      }),
      { numRuns: 500 },
    );
  });

  type Escape = 'letter' | 'hex' | 'octal' | 'long';
  interface Style {
    readonly quotes: string;
    readonly escape: Escape;
    readonly separator: string;
    readonly tuples: boolean;
    readonly trailing: boolean;
    readonly parentheses: boolean;
  }

  function written(value: PythonValue, style: Style): string {
    const text = unparenthesised(value, style);
    return style.parentheses ? `(${text})` : text;
  }

  function unparenthesised(value: PythonValue, style: Style): string {
    if (value === null) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (typeof value === 'number') return String(value);
    if (typeof value === 'string') return stringLiteral(value, style);
    const end = style.trailing ? style.separator.trimStart() : '\n';
    if (Array.isArray(value)) {
      const items = value.map((item: PythonValue) => written(item, style)).join(style.separator);
      if (style.tuples && value.length > 0)
        return `(${items}${style.separator.startsWith(', #') ? style.separator : ','})`;
      return `[${items}${value.length > 0 ? end : ''}]`;
    }
    const entries = Object.entries(value).map(([key, item]) => `${stringLiteral(key, style)}: ${written(item, style)}`);
    return `{${entries.join(style.separator)}${entries.length > 0 ? end : ''}}`;
  }

  function stringLiteral(value: string, { quotes, escape }: Style): string {
    const plain = /[ !#-&(-[\]-~\u00e0-\u00ff]/;
    const content = Array.from(value, (character) => (plain.test(character) ? character : escaped(character, escape)));
    return `${quotes}${content.join('')}${quotes}`;
  }

  function escaped(character: string, how: Escape): string {
    const code = character.codePointAt(0) ?? 0;
    if (how === 'letter' && character === '\n') return '\\n';
    if (how === 'letter' && '\\\'"'.includes(character)) return `\\${character}`;
    if (how === 'octal' && code < 0o1000) return `\\${code.toString(8).padStart(3, '0')}`;
    if (how === 'hex' && code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (how !== 'long' && code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  }

  /** Python's integers have none, and a setting that tells the two apart does not exist. */
  function withoutNegativeZero(value: PythonValue): PythonValue {
    return JSON.parse(JSON.stringify(value)) as PythonValue;
  }
});
