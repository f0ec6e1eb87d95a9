/** What apps on AWS print, as CloudWatch Logs has it. */
import { CloudWatchLogsClient, FilterLogEventsCommand, type FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { ResourceNames } from '../../runtime/aws-layout';
import { UserError } from '../../runtime/domain/user-error';
import type { AppLogLine } from '../../runtime/ports';
import type { LogFilter, LogSource } from '../logs/log-source';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from './access';

/** Without `--since`. CloudWatch reads from the oldest line on, so it is asked for little. */
const LATELY_MS = 3_600_000;

/** Events become visible some seconds late and out of order: what is followed is read again this far back. */
const LATENESS_MS = 15_000;

/** Streams of app containers. */
const STREAM_PREFIX = 'runner/';

export class CloudWatchLogs implements LogSource {
  private readonly client: CloudWatchLogsClient;
  private readonly group: string;
  private readonly seen = new Set<string>();
  private readonly started = Date.now();

  constructor(
    platform: string,
    private readonly app: string,
    access: AwsAccess,
  ) {
    this.client = shown(new CloudWatchLogsClient(clientConfiguration(access)), access);
    this.group = new ResourceNames(platform).appLogGroup(app.slice(app.indexOf('/') + 1));
  }

  async latest(filter: LogFilter, limit: number): Promise<readonly AppLogLine[]> {
    return (await this.read({ ...filter, since: filter.since ?? this.started - LATELY_MS })).slice(-limit);
  }

  async after(line: AppLogLine | undefined, filter: LogFilter): Promise<readonly AppLogLine[]> {
    return this.read({ ...filter, since: (line?.at ?? this.started) - LATENESS_MS });
  }

  /** In order, without what was read before. */
  private async read({ since, until, search }: LogFilter): Promise<readonly AppLogLine[]> {
    const found: AppLogLine[] = [];
    for (let nextToken: string | undefined, more = true; more; more = nextToken !== undefined) {
      const page = await this.page({ startTime: since, endTime: until, filterPattern: pattern(search), nextToken });
      for (const event of page.events ?? []) if (this.isNew(event) && ofApp(event)) found.push(lineOf(event));
      nextToken = page.nextToken;
    }
    return found.toSorted((a, b) => a.at - b.at);
  }

  private isNew({ eventId = '' }: FilteredLogEvent): boolean {
    return !this.seen.has(eventId) && this.seen.add(eventId).has(eventId);
  }

  private async page(
    query: Readonly<Record<'startTime' | 'endTime' | 'filterPattern' | 'nextToken', string | number | undefined>>,
  ): Promise<{ readonly events?: readonly FilteredLogEvent[] | undefined; readonly nextToken?: string | undefined }> {
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
    try {
      return await this.client.send(
        new FilterLogEventsCommand({ logGroupName: this.group, logStreamNamePrefix: STREAM_PREFIX, ...given }),
      );
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') {
        throw new UserError(`${this.app} has no log group ${this.group}: check --platform and --region`);
      }
      throw awsProblem(error, `to read the logs of ${this.app}`);
    }
  }
}

function ofApp({ logStreamName = '' }: FilteredLogEvent): boolean {
  return logStreamName.startsWith(STREAM_PREFIX);
}

/** A quoted pattern is taken as it is. */
function pattern(search: string | undefined): string | undefined {
  return search === undefined ? undefined : `"${search.replace(/["\\]/g, '\\$&')}"`;
}

function lineOf({ eventId = '', timestamp = 0, message = '', logStreamName = '' }: FilteredLogEvent): AppLogLine {
  const task = logStreamName.slice(logStreamName.lastIndexOf('/') + 1);
  return { id: eventId, at: timestamp, runner: task, level: 'STDOUT', message: message.replace(/\n$/, '') };
}
