/** All policies by name, each with the values of its knob that a comparison sweeps; the published default is among them. */
import { didYouMean } from '../runtime/domain/nearest';
import { UserError } from '../runtime/domain/user-error';
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

const SWEEPS: Readonly<Record<string, Sweep>> = {
  controller: ({ tickMs = LOCAL_TICK_MS }) =>
    [10, 60, 300, 900].map((keepAlive) =>
      controllerPolicy({ spec: { keep_alive: keepAlive }, knob: `keep_alive=${keepAlive}`, tickMs }),
    ),
  fal: () => [10, 60, 300, 900].map((keepAlive) => fal(keepAlive)),
  beta9: () => [10, 60, 180, 900].map((keepWarm) => beta9(keepWarm)),
  'keda-hpa': () => [
    kedaHpa(1, 300),
    kedaHpa(2, 300),
    kedaHpa(QUEUE_LENGTH, 60),
    kedaHpa(QUEUE_LENGTH, 300),
    kedaHpa(QUEUE_LENGTH, 900),
  ],
  'knative-kpa': () => [0, 300, 900].map((retention) => knativeKpa(retention)),
  skyserve: () => [0.5, 0.7, 1].map((utilisation) => skyServe(utilisation)),
  'ray-serve': () => [60, 300, 600].map((delay) => rayServe(delay)),
  'runpod-request-count': () => [
    runpodRequestCount(1, 5),
    runpodRequestCount(1, 60),
    runpodRequestCount(1, 300),
    runpodRequestCount(REQUESTS_A_WORKER, 5),
    runpodRequestCount(REQUESTS_A_WORKER, 300),
  ],
  'runpod-queue-delay': () => [5, 60, 300, 900].map((idle) => runpodQueueDelay(QUEUE_DELAY_S, idle)),
  'sagemaker-async': () => [1, 5].flatMap((target) => [300, 600].map((cooldown) => sagemakerAsync(target, cooldown))),
  'ecs-queue-processing': () => [ecsQueueProcessing()],
  modal: () => [2, 60, 300, 1200].map((window) => modal(window)),
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
