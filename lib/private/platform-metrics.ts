import { MathExpression, type MathExpressionOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { METRIC } from '../../runtime/aws-metrics';
import { appMetric } from './app-metrics';
import { refuse } from './refusal';

/** How the numbers of several apps are made one. */
export interface Combination {
  readonly metric: keyof typeof METRIC;
  readonly statistic: string;
  readonly by: 'SUM' | 'MAX';
}

/** A number of all apps that a platform has by now. CloudWatch has their metrics app by app. */
export function platformMetric(
  platform: IConstruct,
  appIds: readonly string[],
  { metric, statistic, by }: Combination,
  options: MathExpressionOptions = {},
): MathExpression {
  if (appIds.length === 0) refuse(platform, 'a metric is of the apps that the platform has by then: make one first');
  const metrics = appIds.map((appId, index) => [`app${index}`, appMetric(appId, metric, statistic)] as const);
  return new MathExpression({
    // An app that rests writes nothing.
    expression: `${by}([${metrics.map(([id]) => `FILL(${id}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(metrics),
    label: metric,
    ...options,
  });
}
