/** Times and durations as people read and write them. */
import { InvalidArgumentError } from 'commander';

/** `45s`, `12m`, `3h 5m`, `2d 4h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(hours, 'h', minutes % 60, 'm');
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `2026-11-21 06:30:12`, in the time zone of this machine. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/** The argument of an option such as `--since`: `30m`, `2h`, `1d`, or a moment in ISO 8601. In ms since the epoch. */
export function since(text: string): number {
  const [, amount, unit] = /^(\d{1,6})\s*([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return Date.now() - Number(amount) * UNIT_MS[unit as Unit];
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('It must be like 30m, 2h, 1d or 2026-11-21T06:30.');
  return at;
}

type Unit = keyof typeof UNIT_MS;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`;
}
