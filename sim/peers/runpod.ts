/**
 * RunPod Serverless, both scalers. Published: runpod/docs@a900806, `serverless/endpoints/endpoint-configurations.mdx`.
 * Request count: a worker for each `scalerValue` (4; 1 reacts most) requests queued or in progress. Queue delay: workers
 * are added while a request waits for longer than `scalerValue` (4 s); how many is not published, here one for each
 * request that does. Workers leave when idle for `idleTimeout` (5 s), active workers (the minimum) stay. RunPod's
 * default maximum of 3 workers is not applied: every policy gets the same.
 */
import type { AppProfile, AppView, ScalingPolicy } from '../policy';
import { demandOf } from './fleet';
import { IdleTimerScaler } from './idle-timer';

export const IDLE_TIMEOUT_S = 5;
export const REQUESTS_A_WORKER = 4;
export const QUEUE_DELAY_S = 4;

/** Workers wanted by REQUEST_COUNT. */
export function requestCountDesired(requests: number, scalerValue: number): number {
  return Math.ceil(requests / scalerValue);
}

/** Workers wanted by QUEUE_DELAY: 0 while nobody waits for too long. */
export function queueDelayDesired(inProgress: number, delayed: number, slots: number): number {
  return delayed === 0 ? 0 : Math.ceil((inProgress + delayed) / slots);
}

export function runpodRequestCount(scalerValue = REQUESTS_A_WORKER, idleTimeoutS = IDLE_TIMEOUT_S): ScalingPolicy {
  return {
    ...COMMON,
    name: 'runpod-request-count',
    knob: `scalerValue=${scalerValue} idleTimeout=${idleTimeoutS}`,
    scaler: (profile) =>
      new IdleTimerScaler(profile, {
        idleMs: idleTimeoutS * 1000,
        kept: activeWorkers,
        desired: (view) => requestCountDesired(demandOf(view), scalerValue),
      }),
  };
}

export function runpodQueueDelay(scalerValueS = QUEUE_DELAY_S, idleTimeoutS = IDLE_TIMEOUT_S): ScalingPolicy {
  const delayMs = scalerValueS * 1000;
  return {
    ...COMMON,
    name: 'runpod-queue-delay',
    knob: `scalerValue=${scalerValueS} idleTimeout=${idleTimeoutS}`,
    scaler: (profile) =>
      new IdleTimerScaler(profile, {
        idleMs: idleTimeoutS * 1000,
        kept: activeWorkers,
        desired: (view, { spec }) =>
          queueDelayDesired(view.inProgress, view.waitingSince(view.now - delayMs), spec.max_multiplexing),
        nextLook: (view) => view.nextWaitingAfter(view.now - delayMs) + delayMs,
      }),
  };
}

const COMMON = { tickMs: 1_000, poked: true, dispatch: 'random' } as const;

function activeWorkers(_view: AppView, { spec }: AppProfile): number {
  return spec.min_concurrency;
}
