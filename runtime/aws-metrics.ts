/** The metrics of apps in CloudWatch: constructs show what the running code writes. */

/** Where CloudWatch keeps the platform's metrics. */
export const METRIC_NAMESPACE = 'ServerlessGpu';

/** The dimension of all of them: `owner/alias` of the app. */
export const METRIC_DIMENSION = 'App';

/**
 * Metrics of an app, written while it has runners or requests and not while it rests: CloudWatch charges for the hours in
 * which a metric was written.
 */
export const METRIC = {
  /** Age of the oldest waiting request, in seconds; 0 while none waits. */
  queueAge: 'QueueAge',
  waiting: 'RequestsWaiting',
  inProgress: 'RequestsInProgress',
  /** Seconds until what waits now is done at the pace of late. Absent while nothing is known. */
  timeToDrain: 'TimeToDrain',
  /** Runners by state: PENDING, DOCKER_PULL and SETUP; IDLE; RUNNING; DRAINING and TERMINATING. */
  runnersStarting: 'RunnersStarting',
  runnersIdle: 'RunnersIdle',
  runnersRunning: 'RunnersRunning',
  runnersLeaving: 'RunnersLeaving',
  /** Runners that became READY. */
  coldStarts: 'ColdStarts',
  /** From launch until READY, in seconds. */
  coldStartTime: 'ColdStartTime',
  /** Runners that failed to start. */
  failedStarts: 'FailedStarts',
  /** From submission until the end, in milliseconds. */
  latency: 'Latency',
  /** Requests that ended with a status of 500 or more. */
  errors: 'Errors',
  /** On-demand price in USD of what the runners took of their machines; an estimate: Spot and shares cost otherwise. */
  estimatedCost: 'EstimatedCost',
} as const;
