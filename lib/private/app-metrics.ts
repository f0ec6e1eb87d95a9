import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../../runtime/aws-metrics';

/** A metric of an app. The controller writes it while the app has runners or requests. */
export function appMetric(
  appId: string,
  name: keyof typeof METRIC,
  statistic: string,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName: METRIC[name],
    dimensionsMap: { [METRIC_DIMENSION]: appId },
    period: Duration.minutes(1),
    statistic,
    ...options,
  });
}

/** What the dashboard shows of an app, in a row. */
export function appWidgets(appId: string): cloudwatch.IWidget[] {
  const graph = (title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget =>
    new cloudwatch.GraphWidget({ title, left, width: 8, leftYAxis: { min: 0 } });
  const of = (name: keyof typeof METRIC, label: string, statistic = 'Maximum'): cloudwatch.Metric =>
    appMetric(appId, name, statistic, { label });
  return [
    graph(
      `${appId}: requests`,
      of('waiting', 'waiting'),
      of('inProgress', 'in progress'),
      of('errors', 'errors', 'Sum'),
    ),
    graph(
      `${appId}: runners`,
      of('runnersStarting', 'starting'),
      of('runnersIdle', 'idle'),
      of('runnersRunning', 'running'),
      of('runnersLeaving', 'leaving'),
    ),
    graph(`${appId}: latency (ms)`, of('latency', 'median', 'p50'), of('latency', '95 of 100', 'p95')),
    graph(`${appId}: age of the queue (s)`, of('queueAge', 'oldest request'), of('timeToDrain', 'time to drain')),
    graph(`${appId}: cold starts (s)`, of('coldStartTime', 'median', 'p50'), of('coldStartTime', '95 of 100', 'p95')),
    graph(
      `${appId}: estimated cost (USD an hour)`,
      of('estimatedCost', 'on demand', 'Sum').with({ period: Duration.hours(1) }),
    ),
  ];
}
