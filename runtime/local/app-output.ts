/** What an app prints: plain lines, and control lines, by which a fal app tells its port and tags its log. */
import { StringDecoder } from 'node:string_decoder';

/** A line for the log. */
export interface AppLine {
  /** fal's log levels; plain output is `STDOUT` or `STDERR`. */
  readonly level: string;
  readonly message: string;
  /** The request that printed it, where the app knows. */
  readonly requestId?: string;
}

export type AppOutput =
  | { readonly type: 'log'; readonly line: AppLine }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string; readonly traceback?: string };

/** Begins a control line: the ASCII record separator, then a JSON object with a `type`. */
const CONTROL = '\x1e';

/** Longer lines are cut into pieces: a program that never ends its line must not fill the memory. */
const LONGEST_LINE = 64 * 1024;

/** Cuts a stream of bytes into lines. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  write(bytes: Buffer): void {
    this.rest += this.decoder.write(bytes);
    const lines = this.rest.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.emit(line);
    while (this.rest.length >= LONGEST_LINE) {
      this.emit(this.rest.slice(0, LONGEST_LINE));
      this.rest = this.rest.slice(LONGEST_LINE);
    }
  }

  end(): void {
    this.rest += this.decoder.end();
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }

  private emit(line: string): void {
    this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}

/** Reads one line of an app. Only its standard output carries control lines; a malformed one is a plain line. */
export function parseLine(stream: 'stdout' | 'stderr', text: string): AppOutput {
  const control =
    stream === 'stdout' && text.startsWith(CONTROL) ? parseControl(text.slice(CONTROL.length)) : undefined;
  return control ?? { type: 'log', line: { level: stream.toUpperCase(), message: lastDrawn(text) } };
}

/** A progress bar redraws its line after each `\r`; what a terminal would show in the end is the line. */
function lastDrawn(text: string): string {
  return text.slice(text.lastIndexOf('\r') + 1);
}

function parseControl(json: string): AppOutput | undefined {
  const message = parseObject(json);
  switch (message?.type) {
    case 'listening':
      return isPort(message.port) ? { type: 'listening', port: message.port } : undefined;
    case 'failed':
      return parseFailure(message);
    case 'log':
      return parseLog(message);
    default:
      return undefined;
  }
}

function parseFailure({ message, traceback }: Readonly<Record<string, unknown>>): AppOutput | undefined {
  if (typeof message !== 'string') return undefined;
  return { type: 'failed', message, ...(typeof traceback === 'string' && traceback !== '' ? { traceback } : {}) };
}

function parseLog({ level, message, request_id: requestId }: Readonly<Record<string, unknown>>): AppOutput | undefined {
  if (typeof message !== 'string') return undefined;
  const line = { level: typeof level === 'string' ? level : 'STDOUT', message };
  return { type: 'log', line: typeof requestId === 'string' ? { ...line, requestId } : line };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
