import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface PlatformAlarmsProps {
  readonly controller: IFunction;
  readonly controlQueue: IQueue;
  readonly actions: readonly cloudwatch.IAlarmAction[];
}

/** Without its controller a platform takes requests, and starts and ends no machine. */
export function platformAlarms(
  platform: Construct,
  { controller, controlQueue, actions }: PlatformAlarmsProps,
): cloudwatch.Alarm[] {
  const minute = { period: Duration.minutes(1) };
  const alarms = [
    alarm(platform, 'ControllerErrors', controller.metricErrors(minute), 0),
    alarm(platform, 'ControllerBehind', controlQueue.metricApproximateAgeOfOldestMessage(minute), 120),
  ];
  for (const one of alarms) one.addAlarmAction(...actions);
  return alarms;
}

/** One failure is made good by the next tick. */
function alarm(platform: Construct, id: string, metric: cloudwatch.IMetric, threshold: number): cloudwatch.Alarm {
  return new cloudwatch.Alarm(platform, `${id}Alarm`, {
    metric,
    threshold,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 5,
    datapointsToAlarm: 3,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}
