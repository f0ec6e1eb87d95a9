/**
 * The metrics of apps as lines of a log in CloudWatch's embedded metric format, which cost no call. Names and meanings are in
 * `METRIC`.
 */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../aws-metrics';
import type { RequestHead } from '../domain/request';

/** What a line is made of: values by metric. */
export type MetricValues = Readonly<Partial<Record<keyof typeof METRIC, number | readonly number[]>>>;

/** Writes to standard output, where the logs of functions and containers take it from. */
export function embeddedMetrics(): (app: string, values: MetricValues) => void {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE });
  // A dimension more would make another metric: the library adds the name of the service.
  metrics.clearDefaultDimensions();
  return (app, values) => {
    metrics.addDimension(METRIC_DIMENSION, app);
    for (const [metric, value] of Object.entries(values)) {
      const key = metric as keyof typeof METRIC;
      for (const single of typeof value === 'number' ? [value] : value)
        metrics.addMetric(METRIC[key], UNIT[key], single);
    }
    metrics.publishStoredMetrics();
  };
}

const UNIT: Readonly<Record<keyof typeof METRIC, (typeof MetricUnit)[keyof typeof MetricUnit]>> = {
  queueAge: MetricUnit.Seconds,
  waiting: MetricUnit.Count,
  inProgress: MetricUnit.Count,
  timeToDrain: MetricUnit.Seconds,
  runnersStarting: MetricUnit.Count,
  runnersIdle: MetricUnit.Count,
  runnersRunning: MetricUnit.Count,
  runnersLeaving: MetricUnit.Count,
  coldStarts: MetricUnit.Count,
  coldStartTime: MetricUnit.Seconds,
  failedStarts: MetricUnit.Count,
  latency: MetricUnit.Milliseconds,
  errors: MetricUnit.Count,
  estimatedCost: MetricUnit.NoUnit,
};

/** What is to be said of requests that have ended. */
export function endValues(...heads: readonly RequestHead[]): MetricValues {
  const latencies = heads.flatMap(({ submittedAt, completedAt }) =>
    completedAt === undefined ? [] : [completedAt - submittedAt],
  );
  return {
    ...(latencies.length === 0 ? {} : { latency: latencies }),
    errors: heads.filter(({ outcome }) => (outcome?.status ?? 0) >= 500).length,
  };
}
