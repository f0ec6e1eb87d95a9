/**
 * Ids of requests and runners: UUIDv7, so that they sort by time, whose last six digits name the app. Everything stored
 * about a request lies under its id alone, and yet a policy can say "only what belongs to this app": `request#*<tag>`.
 */

/** Six hex digits that stand for an app: FNV-1a over the characters of its id, folded to 24 bits. */
export function appTag(app: string): string {
  let hash = 0x811c9dc5;
  for (const character of app) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return ((hash >>> 24) ^ (hash & 0xffffff)).toString(16).padStart(6, '0');
}

/** Makes ids that are unique everywhere and ascending within a process. */
export class TaggedIds {
  private millisecond = 0;
  private sequence = 0;

  /** `randomBytes` must be unpredictable: whoever knows the id of a public app's request may read its result. */
  constructor(private readonly randomBytes: (count: number) => Uint8Array) {}

  next(app: string, now: number): string {
    const random = this.randomBytes(7);
    this.advance(now, random);
    const time = this.millisecond.toString(16).padStart(12, '0');
    const [variant, ...rest] = hex(random.subarray(2));
    const end = `${rest.join('')}${appTag(app)}`;
    const clock = `${'89ab'[parseInt(variant![0]!, 16) & 3]!}${variant![1]!}${end.slice(0, 2)}`;
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hexDigits(this.sequence, 3)}-${clock}-${end.slice(2)}`;
  }

  /** Counts within a millisecond (RFC 9562, 6.2, method 1); one that is used up borrows from the next. */
  private advance(now: number, random: Uint8Array): void {
    if (now > this.millisecond) {
      this.millisecond = now;
      this.sequence = ((random[0]! << 8) | random[1]!) & 0x3ff;
    } else if (++this.sequence > 0xfff) {
      this.millisecond++;
      this.sequence = 0;
    }
  }
}

function hex(bytes: Uint8Array): readonly string[] {
  return Array.from(bytes, (byte) => hexDigits(byte, 2));
}

function hexDigits(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
