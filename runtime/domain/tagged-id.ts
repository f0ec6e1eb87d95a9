/**
 * Ids of requests and runners: UUIDv7, so that they sort by time, whose last six digits name the app. Everything stored
 * about a request lies under its id alone, and yet a policy can say "only what belongs to this app": `request#*<tag>`.
 */

/** Six hex digits that stand for an app: FNV-1a over the characters of its id, folded to 24 bits. */
export function appTag(app: string): string {
  let hash = 0x811c9dc5;
  for (const character of app) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hexDigits((hash >>> 24) ^ (hash & 0xffffff), 6);
}

/** Makes ids that are unique everywhere and ascending within a process. */
export class TaggedIds {
  private millisecond = 0;
  private sequence = 0;

  /** `randomBytes` must be unpredictable: whoever knows the id of a public app's request may read its result. */
  constructor(private readonly randomBytes: (count: number) => Uint8Array) {}

  next(app: string, now: number): string {
    const random = new DataView(Uint8Array.from(this.randomBytes(7)).buffer);
    this.advance(now, random.getUint16(0) & 0x3ff);
    const time = hexDigits(this.millisecond, 12);
    const variant = hexDigits(0x80 | (random.getUint8(2) & 0x3f), 2);
    const rest = `${variant}${hexDigits(random.getUint32(3), 8)}${appTag(app)}`;
    return [time.slice(0, 8), time.slice(8), `7${hexDigits(this.sequence, 3)}`, rest.slice(0, 4), rest.slice(4)].join(
      '-',
    );
  }

  /** Counts within a millisecond (RFC 9562, 6.2, method 1); one that is used up borrows from the next. */
  private advance(now: number, start: number): void {
    if (now > this.millisecond) {
      this.millisecond = now;
      this.sequence = start;
    } else if (++this.sequence > 0xfff) {
      this.millisecond++;
      this.sequence = 0;
    }
  }
}

function hexDigits(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
