/**
 * Modal, as documented; its algorithm is not public. Published: `modal_proto/api.proto` (AutoscalerSettings) in
 * modal-labs/modal-client@69519ae and the guide on scaling. Containers are added for inputs without one,
 * `buffer_containers` more while the function is active, between `min_containers` and `max_containers`; an idle container
 * leaves after `scaledown_window` (60 s).
 */
import type { AppProfile, AppView, ScalingPolicy } from '../policy';
import { demandOf } from './fleet';
import { IdleTimerScaler } from './idle-timer';

export const SCALEDOWN_WINDOW_S = 60;

/** Containers wanted for so many inputs queued and running. */
export function modalDesired(inputs: number, targetInputs: number, buffer: number, min: number): number {
  return Math.max(min, inputs === 0 ? 0 : Math.ceil(inputs / targetInputs) + buffer);
}

export function modal(scaledownWindowS = SCALEDOWN_WINDOW_S): ScalingPolicy {
  return {
    name: 'modal',
    knob: `scaledown_window=${scaledownWindowS}`,
    tickMs: 1_000,
    poked: true,
    dispatch: 'recent',
    scaler: (profile) =>
      new IdleTimerScaler(profile, { idleMs: scaledownWindowS * 1000, kept: containers, desired: containers }),
  };
}

function containers(view: AppView, { spec }: AppProfile): number {
  return modalDesired(demandOf(view), spec.max_multiplexing, spec.concurrency_buffer, spec.min_concurrency);
}
