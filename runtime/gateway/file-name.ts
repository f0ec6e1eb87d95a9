/** The longest name kept, in characters; with every one of them escaped it still fits a URL and a header. */
const MAX_LENGTH = 100;
const MAX_EXTENSION = 16;

/**
 * What is left of an uploader's file name when it becomes the last segment of a URL and the suggestion of a download: the
 * part behind the last slash, in letters and digits of any script, `.`, `-` and `_`. Never empty, never hidden, never a
 * dot segment.
 */
export function safeFileName(given: string): string {
  const base = given.normalize('NFC').split(/[/\\]/).pop() ?? '';
  const name = base
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_')
    .replace(/^[._]+/, '')
    .replace(/\.+$/, '');
  return shorten(name) || 'file';
}

/** The header that suggests this name to a browser (RFC 6266), with an ASCII stand-in for old ones. */
export function inlineDisposition(name: string): string {
  const ascii = name.replace(/[^A-Za-z0-9._-]/g, '_');
  return `inline; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(name)}`;
}

/** Cuts the stem, so that the extension keeps telling what the file is. */
function shorten(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= MAX_LENGTH) return name;
  const dot = characters.lastIndexOf('.');
  const extension = dot > 0 && characters.length - dot <= MAX_EXTENSION ? characters.slice(dot) : [];
  return [...characters.slice(0, MAX_LENGTH - extension.length), ...extension].join('');
}
