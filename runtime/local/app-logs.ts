/** What apps printed, in files that stay small: of each app the latest 8 to 16 MiB. */
import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AppLogLine, AppLogQuery, AppLogs, Clock } from '../ports';
import { errorCode } from './error-code';

/** Size at which a file becomes the older one of two. */
const FULL_BYTES = 8 * 1024 ** 2;

/** What waits to be written when the disk is slower than the app; older lines are dropped behind it. */
const MOST_UNWRITTEN = 50_000;

export type PrintedLine = Pick<AppLogLine, 'level' | 'message'> & { readonly request?: string };

export class FileAppLogs implements AppLogs {
  private readonly files = new Map<string, LogFile>();
  private last = 0;
  private count = 0;

  constructor(
    private readonly folder: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Never fails and never waits: a full disk costs lines, not the app. */
  append(app: string, runner: string, { level, message, request }: PrintedLine): void {
    const at = this.clock.now();
    const line: AppLogLine = {
      id: this.nextId(at),
      at,
      runner,
      level,
      message,
      ...(request === undefined ? {} : { request }),
    };
    this.fileOf(app).append(line);
  }

  async read(app: string, query: AppLogQuery): Promise<readonly AppLogLine[]> {
    const found = (await this.fileOf(app).lines()).filter(matching(query));
    return query.after === undefined ? found.slice(-query.limit) : found.slice(0, query.limit);
  }

  /** Times never go back in an id, so that whoever follows misses nothing when the clock is set. */
  private nextId(at: number): string {
    this.count = at > this.last ? 0 : this.count + 1;
    this.last = Math.max(this.last, at);
    return `${String(this.last).padStart(15, '0')}-${String(this.count).padStart(6, '0')}`;
  }

  private fileOf(app: string): LogFile {
    const known = this.files.get(app) ?? new LogFile(join(this.folder, ...app.split('/').map(encodeURIComponent)));
    this.files.set(app, known);
    return known;
  }
}

class LogFile {
  private unwritten: AppLogLine[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly path: string) {}

  append(line: AppLogLine): void {
    if (this.unwritten.length < MOST_UNWRITTEN) this.unwritten.push(line);
    this.writing ??= this.write();
  }

  async lines(): Promise<readonly AppLogLine[]> {
    await this.writing;
    const text = (await textOf(this.older)) + (await textOf(this.current));
    return text.split('\n').flatMap(parsed);
  }

  private get current(): string {
    return `${this.path}.jsonl`;
  }

  private get older(): string {
    return `${this.path}.1.jsonl`;
  }

  private async write(): Promise<void> {
    while (this.unwritten.length > 0) {
      const lines = this.unwritten;
      this.unwritten = [];
      await this.store(lines).catch(() => undefined);
    }
    this.writing = undefined;
  }

  private async store(lines: readonly AppLogLine[]): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await appendFile(this.current, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
    if ((await stat(this.current)).size > FULL_BYTES) await rename(this.current, this.older);
  }
}

function matching({ after, since, until, search, request, runner }: AppLogQuery): (line: AppLogLine) => boolean {
  const text = search?.toLowerCase();
  return (line) =>
    (after === undefined || line.id > after) &&
    (since === undefined || line.at >= since) &&
    (until === undefined || line.at <= until) &&
    (request === undefined || line.request === request) &&
    (runner === undefined || line.runner === runner) &&
    (text === undefined || line.message.toLowerCase().includes(text));
}

/** A line that a crash has cut off is left out. */
function parsed(line: string): readonly AppLogLine[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as AppLogLine];
  } catch {
    return [];
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
