/** Latency and errors of the requests that this runner ends, written together now and then: each line of a log is paid for. */
import { endValues, type MetricValues } from '../../runtime/aws/embedded-metrics';
import type { RequestHead } from '../../runtime/domain/request';

export interface RequestMetricsOptions {
  readonly write: (app: string, values: MetricValues) => void;
  /** How long a request that ended may wait for others, ms. */
  readonly delayMs: number;
}

/** Below the 100 values of one metric that CloudWatch takes in a line: with as many, Powertools would write them apart. */
const MOST_VALUES = 99;

export class RequestMetrics {
  private ended: RequestHead[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RequestMetricsOptions) {}

  readonly add = (head: RequestHead): void => {
    this.ended.push(head);
    if (this.ended.length === MOST_VALUES) this.flush();
    else
      this.timer ??= setTimeout(() => {
        this.flush();
      }, this.options.delayMs).unref();
  };

  /** Writes what was not written yet. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const [first] = this.ended;
    if (first === undefined) return;
    this.options.write(first.app, endValues(...this.ended));
    this.ended = [];
  }
}
