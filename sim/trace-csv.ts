/** Traces as CSV: a header with `app`, `arrival_s` and `service_s` in any order, further columns are left alone. */
import { didYouMean } from '../runtime/domain/nearest';
import { UserError } from '../runtime/domain/user-error';
import { requestsOf, traceOf, type Trace, type TraceRequest } from './trace';

export const TRACE_COLUMNS = ['app', 'arrival_s', 'service_s'] as const;
type Column = (typeof TRACE_COLUMNS)[number];

/** Reads a trace. Throws a `UserError` that names `source`, the line and what is wrong with it. */
export function parseTraceCsv(text: string, source: string): Trace {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const header = lines[0] ?? '';
  if (header.trim() === '')
    throw new UserError(`${source} is empty: its first line must be ${TRACE_COLUMNS.join(',')}`);
  const places = columnPlaces(cells(header), source);
  const requests: TraceRequest[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.trim() !== '') requests.push(requestOf(cells(line), places, `${source}:${index + 1}`));
  }
  if (requests.length === 0) throw new UserError(`${source} has a header and no request below it`);
  return traceOf(requests);
}

/** Writes a trace, in order of arrival. */
export function formatTraceCsv(trace: Trace): string {
  const lines = [TRACE_COLUMNS.join(',')];
  for (const { app, arrivalMs, serviceMs } of requestsOf(trace)) {
    lines.push(`${quoted(app)},${arrivalMs / 1000},${serviceMs / 1000}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A cell of a CSV line, in quotes where it needs them. */
export function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

type Places = Readonly<Record<Column, number>>;

function columnPlaces(header: readonly string[], source: string): Places {
  const names = header.map((name) => name.trim());
  const missing = TRACE_COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    const hint = missing.length === 1 ? didYouMean(missing[0] ?? '', names).replace('did you mean', 'is it') : '';
    throw new UserError(
      `${source}:1: no column ${missing.join(', ')}: the header must name ${TRACE_COLUMNS.join(', ')}, it is ` +
        `${names.join(', ')}${hint}`,
    );
  }
  return { app: names.indexOf('app'), arrival_s: names.indexOf('arrival_s'), service_s: names.indexOf('service_s') };
}

function requestOf(row: readonly string[], places: Places, where: string): TraceRequest {
  const app = row[places.app]?.trim() ?? '';
  if (app === '') throw new UserError(`${where}: app is empty: it must name an app`);
  return {
    app,
    arrivalMs: seconds(row, places, 'arrival_s', where) * 1000,
    serviceMs: seconds(row, places, 'service_s', where) * 1000,
  };
}

function seconds(row: readonly string[], places: Places, column: Column, where: string): number {
  const cell = row[places[column]]?.trim() ?? '';
  const value = cell === '' ? NaN : Number(cell);
  if (Number.isFinite(value) && value >= 0 && value <= LONGEST_S) return value;
  const wrong = value < 0 ? 'negative' : value > LONGEST_S ? 'too large' : 'not a number';
  throw new UserError(
    `${where}: ${column} is ${JSON.stringify(cell)}, which is ${wrong}: it must be seconds from 0 to ${LONGEST_S}`,
  );
}

/** A hundred years: times stay exact to less than a millisecond. */
const LONGEST_S = 3_153_600_000;

/** The cells of one line. A cell in quotes may hold commas, and quotes that are doubled. */
function cells(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, inQuotes, plain]) =>
    inQuotes === undefined ? (plain ?? '') : inQuotes.replaceAll('""', '"'),
  );
}
