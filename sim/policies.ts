/** All policies by name, each with the values of its knob that a comparison sweeps; the published default is among them. */
import { didYouMean } from '../runtime/domain/nearest';
import { UserError } from '../runtime/domain/user-error';
import { adaptivePolicy } from './adaptive';
import { controllerPolicy, LOCAL_TICK_MS } from './controller';
import { beta9 } from './peers/beta9';
import { ecsQueueProcessing } from './peers/ecs-queue-processing';
import { fal } from './peers/fal';
import { kedaHpa, QUEUE_LENGTH } from './peers/keda-hpa';
import { knativeKpa } from './peers/knative-kpa';
import { modal } from './peers/modal';
import { rayServe } from './peers/ray-serve';
import { QUEUE_DELAY_S, REQUESTS_A_WORKER, runpodQueueDelay, runpodRequestCount } from './peers/runpod';
import { sagemakerAsync } from './peers/sagemaker-async';
import { skyServe } from './peers/skyserve';
import type { ScalingPolicy } from './policy';

/** What a comparison may change about the controller. */
export interface ControllerPace {
  readonly tickMs?: number;
}

type Sweep = (pace: ControllerPace) => readonly ScalingPolicy[];

/** Knobs in seconds: from letting go at once to staying for most of an hour. */
const KEEP_ALIVES = [10, 60, 180, 300, 600, 900, 1200, 2400, 3600];

const SWEEPS: Readonly<Record<string, Sweep>> = {
  controller: ({ tickMs = LOCAL_TICK_MS }) =>
    KEEP_ALIVES.map((keepAlive) =>
      controllerPolicy({ spec: { keep_alive: keepAlive }, knob: `keep_alive=${keepAlive}`, tickMs }),
    ),
  adaptive: ({ tickMs = LOCAL_TICK_MS }) =>
    KEEP_ALIVES.map((keepAlive) =>
      adaptivePolicy({ spec: { keep_alive: keepAlive }, knob: `keep_alive=${keepAlive}`, tickMs }),
    ),
  fal: () => KEEP_ALIVES.map((keepAlive) => fal(keepAlive)),
  beta9: () => KEEP_ALIVES.map((keepWarm) => beta9(keepWarm)),
  'keda-hpa': () => [
    ...[1, 2, QUEUE_LENGTH, 20].flatMap((length) => [60, 300, 900, 3600].map((cooldown) => kedaHpa(length, cooldown))),
  ],
  'knative-kpa': () => [0, 60, 300, 900, 1800, 3600].map((retention) => knativeKpa(retention)),
  skyserve: () => [0.3, 0.5, 0.7, 0.85, 1].map((utilisation) => skyServe(utilisation)),
  'ray-serve': () => [10, 60, 180, 300, 600, 1200, 3600].map((delay) => rayServe(delay)),
  'runpod-request-count': () =>
    [1, 2, REQUESTS_A_WORKER, 16].flatMap((requests) =>
      [5, 60, 300, 900, 3600].map((idle) => runpodRequestCount(requests, idle)),
    ),
  'runpod-queue-delay': () =>
    [QUEUE_DELAY_S, 30, 120].flatMap((delay) => [5, 60, 300, 900, 3600].map((idle) => runpodQueueDelay(delay, idle))),
  'sagemaker-async': () =>
    [1, 5, 20].flatMap((target) => [60, 300, 600, 1800].map((cooldown) => sagemakerAsync(target, cooldown))),
  'ecs-queue-processing': () => [ecsQueueProcessing()],
  modal: () => [2, 60, 180, 300, 600, 1200, 3600].map((window) => modal(window)),
};

export const POLICY_NAMES: readonly string[] = Object.keys(SWEEPS);

/** The policies of those names with all values of their knobs. Throws a `UserError` for a name that is none. */
export function policiesNamed(names: readonly string[], pace: ControllerPace = {}): readonly ScalingPolicy[] {
  return names.flatMap((name) => {
    const sweep = Object.hasOwn(SWEEPS, name) ? SWEEPS[name] : undefined;
    if (sweep !== undefined) return sweep(pace);
    throw new UserError(
      `There is no policy ${JSON.stringify(name)}${didYouMean(name, POLICY_NAMES)}; there are ${POLICY_NAMES.join(', ')}`,
    );
  });
}
