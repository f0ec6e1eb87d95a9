/** Pictures of a terminal as one SVG that shows them one after the other: a film strip, moved by CSS. */
import type { Frame, Size } from './recording';
import type { Picture, Run, Style } from './screen';

const CELL = { width: 8.4, height: 18 };
const FONT = {
  size: 14,
  family: "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace",
};
const PADDING = 16;
const BAR = 28;
/** Fonts differ in width by a hair: a full line may reach over its picture's edge, and not into the next picture. */
const MARGIN = 8;

/** The terminal has its own background, so it reads the same on a light and on a dark page. */
const BACKGROUND = '#1b1f27';
const BORDER = '#5b6472';
const FOREGROUND = '#d8dee9';
const COLOURS = [
  ...['#5b6472', '#ef7b85', '#9ccc7f', '#e6c07b', '#74b0f4', '#cf8ee0', '#5fc3cf', '#d8dee9'],
  ...['#7d8796', '#ff9aa2', '#b7e39c', '#f5d79b', '#9cc9ff', '#e2b0ef', '#8be0ea', '#ffffff'],
];

export interface Film extends Size {
  /** At least one, the first at 0 seconds. */
  readonly frames: readonly Frame[];
  /** Seconds; then it starts anew. */
  readonly duration: number;
  /** What is seen, for those who don't see it. */
  readonly title: string;
}

export function terminalSvg({ columns, rows, frames, duration, title }: Film): string {
  const inner = { width: Math.ceil(columns * CELL.width), height: rows * CELL.height };
  const [width, height] = [inner.width + 2 * PADDING, inner.height + PADDING + BAR];
  const lines = new Map<string, string>();
  const pitch = inner.width + 4 * MARGIN;
  const pictures = frames.map(({ picture }, index) => pictureSvg(picture, index * pitch, lines));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${styles()}${motion(frames, duration, pitch)}</style>`,
    `<defs>${[...lines].map(([content, id]) => `<text id="${id}">${content}</text>`).join('\n')}`,
    `<rect id="cursor" y="-13" width="${CELL.width}" height="16"/></defs>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="${BACKGROUND}" stroke="${BORDER}"/>`,
    ...[0, 1, 2].map((index) => `<circle cx="${PADDING + 5 + index * 16}" cy="14" r="5" fill="${BORDER}"/>`),
    `<svg x="${PADDING}" y="${BAR}" width="${inner.width + MARGIN}" height="${inner.height}"><g class="film">`,
    ...pictures,
    `</g></svg></svg>\n`,
  ].join('\n');
}

/** A line that several pictures show is written once. */
function pictureSvg({ lines, cursor }: Picture, x: number, known: Map<string, string>): string {
  const shown = lines.flatMap((runs, row) => {
    if (runs.length === 0) return [];
    const content = runs.map(runSvg).join('');
    const id = known.get(content) ?? `l${known.size}`;
    known.set(content, id);
    return [`<use href="#${id}" y="${baseline(row)}"/>`];
  });
  const at = `x="${position(cursor.column)}" y="${baseline(cursor.row)}"`;
  return `<g transform="translate(${x})">${shown.join('')}<use href="#cursor" ${at}/></g>`;
}

export function runSvg({ column, text, style }: Run): string {
  const names = classesOf(style);
  return `<tspan x="${position(column)}"${names === '' ? '' : ` class="${names}"`}>${escaped(text)}</tspan>`;
}

function classesOf({ colour, bold, dim }: Style): string {
  return [colour === undefined ? '' : `c${colour}`, bold ? 'b' : '', dim ? 'd' : ''].filter(Boolean).join(' ');
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function styles(): string {
  const colours = COLOURS.map((colour, index) => `.c${index}{fill:${colour}}`).join('');
  return `text{font:${FONT.size}px ${FONT.family};fill:${FOREGROUND};white-space:pre}.b{font-weight:700}.d{opacity:.65}${colours}#cursor{fill:${FOREGROUND};opacity:.6}`;
}

/** Whoever asked for less motion sees the last picture alone. */
function motion(frames: readonly Frame[], duration: number, pitch: number): string {
  const steps = frames.map(
    ({ at }, index) => `${((at / duration) * 100).toFixed(3)}%{transform:translateX(-${index * pitch}px)}`,
  );
  const last = `transform:translateX(-${(frames.length - 1) * pitch}px)`;
  return [
    `.film{animation:film ${duration.toFixed(2)}s steps(1,end) infinite}`,
    `@keyframes film{${steps.join('')}100%{${last}}}`,
    `@media(prefers-reduced-motion:reduce){.film{animation:none;${last}}}`,
  ].join('');
}

function baseline(row: number): number {
  return row * CELL.height + FONT.size;
}

function position(column: number): number {
  return Number((column * CELL.width).toFixed(1));
}
