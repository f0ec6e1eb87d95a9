/**
 * The value of one Python string token, prefix and quotes included. `undefined` for what has no value without running
 * the code (f-strings) and for what is no text (bytes) or needs a database (`\N{NAME}`).
 */
export function stringValue(token: string): string | undefined {
  const [, prefix = '', quotes = ''] = /^([A-Za-z]*)("""|'''|"|')/.exec(token) ?? [];
  const flags = prefix.toLowerCase();
  if (quotes === '' || /[^ru]/.test(flags)) return undefined;
  const content = token.slice(prefix.length + quotes.length, -quotes.length);
  if (flags.includes('r')) return content;
  return content.includes('\\N{') ? undefined : content.replace(ESCAPE, unescaped);
}

const ESCAPE = /\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\s\S])/g;

const SINGLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** As in Python, an escape that means nothing stands for itself, backslash and all. */
function unescaped(escape: string): string {
  const body = escape.slice(1);
  if (/^[0-7]/.test(body)) return String.fromCodePoint(parseInt(body, 8));
  if (/^[xuU]./.test(body)) return fromCodePoint(parseInt(body.slice(1), 16)) ?? escape;
  return SINGLE[body] ?? escape;
}

function fromCodePoint(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
