/** The files that an answer names, so that they can be shown and not only read about. Pure. */

export interface AnswerFile {
  readonly kind: 'image' | 'video' | 'audio' | 'other';
  readonly url: string;
}

/** Enough for any answer that somebody looks at. */
const MOST_FILES = 100;

/**
 * Every fal file (an object with `url`, and maybe `content_type`) and every other string that is the address of an image,
 * video or sound, each once, in the order of the answer.
 */
export function filesIn(answer: unknown): readonly AnswerFile[] {
  const found = new Map<string, AnswerFile>();
  for (const file of walk(answer)) {
    if (found.size < MOST_FILES && !found.has(file.url)) found.set(file.url, file);
  }
  return [...found.values()];
}

function* walk(value: unknown): Generator<AnswerFile> {
  if (typeof value === 'string') {
    const kind = kindOf(value, undefined);
    if (kind !== undefined && kind !== 'other') yield { kind, url: value };
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { url, content_type: type } = value as { readonly url?: unknown; readonly content_type?: unknown };
  if (typeof url === 'string') {
    const kind = kindOf(url, typeof type === 'string' ? type : undefined);
    if (kind !== undefined) yield { kind, url };
  }
  for (const [name, inner] of Object.entries(value))
    if (name !== 'url' || typeof inner !== 'string') yield* walk(inner);
}

/** `undefined` for what is no address that a page should follow: `javascript:` is one, too. */
function kindOf(address: string, type: string | undefined): AnswerFile['kind'] | undefined {
  const inline = /^data:((?:image|video|audio)\/[\w.+-]+)[;,]/i.exec(address)?.[1];
  if (inline !== undefined) return byType(inline);
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  return type === undefined ? byEnding(new URL(address).pathname) : byType(type);
}

function byType(type: string): AnswerFile['kind'] {
  const [kind = ''] = type.toLowerCase().split('/');
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'other';
}

function byEnding(path: string): AnswerFile['kind'] {
  if (/\.(?:png|jpe?g|webp|gif|avif|svg)$/i.test(path)) return 'image';
  if (/\.(?:mp4|webm|mov)$/i.test(path)) return 'video';
  return /\.(?:mp3|wav|ogg|flac|m4a)$/i.test(path) ? 'audio' : 'other';
}
