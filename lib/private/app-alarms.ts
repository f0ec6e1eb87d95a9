import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { AppAlarmOptions } from '../monitoring';
import type { ServerlessGpuApp } from '../serverless-gpu-app';

/** Above these somebody should look. */
export function recommendedAlarms(
  app: ServerlessGpuApp,
  { actions = [], queueAge = Duration.minutes(15), errors = 5 }: AppAlarmOptions,
): cloudwatch.Alarm[] {
  const minutes = { period: Duration.minutes(5) };
  const alarms = [
    alarm(app, 'QueueAge', app.metricQueueAge(minutes), queueAge.toSeconds()),
    alarm(app, 'Errors', app.metricErrors(minutes), errors),
    alarm(app, 'FailedStarts', app.metricFailedStarts(minutes), 2),
    alarm(app, 'DeadLetters', app.deadLetterQueue.metricApproximateNumberOfMessagesVisible(minutes), 0),
  ];
  for (const one of alarms) one.addAlarmAction(...actions);
  return alarms;
}

function alarm(app: ServerlessGpuApp, id: string, metric: cloudwatch.IMetric, threshold: number): cloudwatch.Alarm {
  return new cloudwatch.Alarm(app, `${id}Alarm`, {
    metric,
    threshold,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    // An app that rests writes nothing.
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}
