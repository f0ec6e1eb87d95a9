/** A frontier as SVG: GPU-hours to the right and waiting upwards, both logarithmic; a line for each policy. */
import type { Frontier, Measure } from './frontier';

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 64;
const RIGHT = 190;
const TOP = 36;
const BOTTOM = 48;

export function frontierSvg(frontier: Frontier, measure: Measure = 'mean_wait_s'): string {
  const { rows, trace, startSeconds, boundGpuHours } = frontier;
  const x = scale([...rows.map((row) => row.gpu_hours), boundGpuHours], LEFT, WIDTH - RIGHT);
  const y = scale(
    rows.map((row) => waitOf(row[measure])),
    HEIGHT - BOTTOM,
    TOP,
  );
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const lines = policies.map((policy, index) => {
    const points = rows.filter((row) => row.policy === policy).sort((a, b) => a.gpu_hours - b.gpu_hours);
    const places = points.map((row) => [x.place(row.gpu_hours), y.place(waitOf(row[measure]))] as const);
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="${policy === 'adaptive' ? 3 : 1.2}" points="${places.map((place) => place.map(digits).join(',')).join(' ')}"/>`,
      ...places.map(([px, py]) => `<circle cx="${digits(px)}" cy="${digits(py)}" r="2.5" fill="${colour}"/>`),
      text(WIDTH - RIGHT + 24, TOP + 16 * index, policy, 'start'),
      `<rect x="${WIDTH - RIGHT + 8}" y="${TOP + 16 * index - 9}" width="10" height="10" fill="${colour}"/>`,
    ].join('\n');
  });
  const bound = digits(x.place(boundGpuHours));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 20, `${trace}, starts of ${startSeconds} s`, 'start'),
    ...x.ticks.map((tick) => text(x.place(tick), HEIGHT - BOTTOM + 18, label(tick), 'middle')),
    ...y.ticks.map((tick) => text(LEFT - 8, y.place(tick) + 4, label(tick), 'end')),
    ...y.ticks.map((tick) => rule(LEFT, y.place(tick), WIDTH - RIGHT, y.place(tick))),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'GPU-hours', 'middle'),
    text(LEFT - 40, TOP - 12, measure === 'mean_wait_s' ? 'mean wait, s' : '95 % wait less, s', 'start'),
    `<line x1="${bound}" y1="${TOP}" x2="${bound}" y2="${HEIGHT - BOTTOM}" stroke="#000" stroke-dasharray="4 3"/>`,
    text(x.place(boundGpuHours) + 4, HEIGHT - BOTTOM - 6, 'clairvoyant, no wait', 'start'),
    ...lines,
    '</svg>\n',
  ].join('\n');
}

const COLOURS = [
  '#d62728',
  '#1f77b4',
  '#ff7f0e',
  '#2ca02c',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
  '#393b79',
  '#637939',
  '#843c39',
];

/** Nothing has a place on a logarithmic axis but a hundredth of a second. */
function waitOf(seconds: number): number {
  return Math.max(0.01, seconds);
}

interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0);
  const least = Math.log(0.9 * Math.min(...positive));
  const most = Math.log(1.1 * Math.max(...positive));
  const place = (value: number): number => from + ((Math.log(value) - least) / (most - least)) * (to - from);
  const ticks: number[] = [];
  for (let power = Math.floor(least / Math.LN10); power <= most / Math.LN10; power += 1) {
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (Math.log(tick) >= least && Math.log(tick) <= most) ticks.push(tick);
    }
  }
  return { place, ticks };
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${digits(x)}" y="${digits(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${digits(x1)}" y1="${digits(y1)}" x2="${digits(x2)}" y2="${digits(y2)}" stroke="#eee"/>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function digits(value: number): string {
  return String(Math.round(10 * value) / 10);
}

function label(value: number): string {
  return String(Number(value.toPrecision(2)));
}
