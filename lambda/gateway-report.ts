/** What the gateway says of itself in CloudWatch: errors as log lines, and metrics in log lines (EMF). */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE } from '../runtime/aws-metrics';
import type { Log } from '../runtime/gateway/log';

export class GatewayReport implements Log {
  private readonly logger: Logger;
  private readonly metrics: Metrics;

  constructor(platform: string) {
    this.logger = new Logger({ serviceName: SERVICE, persistentKeys: { platform } });
    this.metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: SERVICE, defaultDimensions: { platform } });
  }

  error(message: string, error?: unknown): void {
    if (error === undefined) this.logger.error(message);
    else this.logger.error(message, error instanceof Error ? error : new Error(JSON.stringify(error)));
  }

  info(message: string): void {
    this.logger.info(message);
  }

  /** Polling is not counted: its log lines would cost more than it does. */
  answered(request: Request, { status }: Response): void {
    if (status >= 500) this.metrics.addMetric('ServerErrors', MetricUnit.Count, 1);
    if (request.method === 'POST') this.metrics.addMetric('Posts', MetricUnit.Count, 1);
    if (this.metrics.hasStoredMetrics()) this.metrics.publishStoredMetrics();
  }
}

const SERVICE = 'gateway';
