import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';

/** What a runner is at. */
export enum RunnerState {
  /** It waits for a machine, pulls its images or loads its model. */
  STARTING = 'runnersStarting',
  /** It waits for requests. */
  IDLE = 'runnersIdle',
  /** It works on a request. */
  RUNNING = 'runnersRunning',
  /** It finishes what it has and takes nothing more. */
  LEAVING = 'runnersLeaving',
}

/** Limits of the recommended alarms. */
export interface AppAlarmOptions {
  /**
   * What is done on an alarm, such as a message to an SNS topic.
   *
   * @default - nothing: the alarm only shows
   */
  readonly actions?: IAlarmAction[];

  /**
   * How long a request may wait. Set it above the time that a cold start takes.
   *
   * @default Duration.minutes(15)
   */
  readonly queueAge?: Duration;

  /**
   * Requests within five minutes that may end with an error of the app.
   *
   * @default 5
   */
  readonly errors?: number;
}

/** What is done on the recommended alarms of a platform. */
export interface PlatformAlarmOptions {
  /**
   * What is done on an alarm, such as a message to an SNS topic.
   *
   * @default - nothing: the alarm only shows
   */
  readonly actions?: IAlarmAction[];
}
