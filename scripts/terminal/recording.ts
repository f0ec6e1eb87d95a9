/** What a terminal was sent, and when. */
import { Screen, type Picture } from './screen';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Output {
  /** Seconds from the start. */
  readonly at: number;
  readonly text: string;
}

export interface Frame {
  readonly at: number;
  readonly picture: Picture;
}

/** Pictures closer than this to each other are one, in seconds. */
const SHORTEST = 0.12;

/** A file of asciicast v2, as `asciinema play` takes it. */
export function asciicast(outputs: readonly Output[], { columns, rows }: Size, title: string): string {
  const header = { version: 2, width: columns, height: rows, title, env: { TERM: 'xterm-256color' } };
  const lines = [header, ...outputs.map(({ at, text }) => [Number(at.toFixed(3)), 'o', text])];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** The screen as it was seen, from the start to the last output. */
export function framesOf(outputs: readonly Output[], { columns, rows }: Size): readonly Frame[] {
  const screen = new Screen(columns, rows);
  const frames: Frame[] = [];
  let from = 0;
  outputs.forEach(({ at, text }, index) => {
    screen.write(text);
    const next = outputs[index + 1]?.at ?? Infinity;
    if (next - Math.max(from, at) < SHORTEST && next - from < 2 * SHORTEST) return;
    frames.push({ at, picture: screen.picture() });
    from = next;
  });
  return frames;
}
