/** Where the lines of an app come from. */
import type { AppLogLine } from '../../runtime/ports';
import type { AdminClient } from '../admin-client';

export interface LogFilter {
  readonly since?: number;
  readonly until?: number;
  readonly search?: string;
  readonly request?: string;
  readonly runner?: string;
}

export interface LogSource {
  /** The last lines, in order. */
  latest(filter: LogFilter, limit: number): Promise<readonly AppLogLine[]>;
  /** What came behind a line; all from now on without one. */
  after(line: AppLogLine | undefined, filter: LogFilter): Promise<readonly AppLogLine[]>;
}

/** The platform keeps the lines itself. */
export class AdminLogs implements LogSource {
  private readonly started = Date.now();

  constructor(
    private readonly client: AdminClient,
    private readonly app: string,
  ) {}

  async latest(filter: LogFilter, limit: number): Promise<readonly AppLogLine[]> {
    return this.read({ ...filter, limit });
  }

  async after(line: AppLogLine | undefined, filter: LogFilter): Promise<readonly AppLogLine[]> {
    const from = line === undefined ? { since: this.started } : { after: line.id };
    return this.read({ ...filter, ...from, limit: PAGE });
  }

  private async read(
    query: LogFilter & { readonly limit: number; readonly after?: string },
  ): Promise<readonly AppLogLine[]> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries<string | number>({ ...query })) parameters.set(name, text(value));
    const { lines } = await this.client.ofApp<{ readonly lines: readonly AppLogLine[] }>(
      'GET',
      this.app,
      `/logs?${parameters.toString()}`,
    );
    return lines;
  }
}

const PAGE = 1_000;

function text(value: string | number): string {
  return typeof value === 'number' ? String(Math.floor(value)) : value;
}
