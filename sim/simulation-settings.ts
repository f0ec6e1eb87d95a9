/** What a simulation is given and what it gives. */
import type { AppSpec } from '../runtime/domain/app-spec';
import type { Faults } from './faults';
import { MACHINE_EACH, type MachinePool } from './machines';
import type { ScalingPolicy } from './policy';
import type { StartTimes } from './start-times';
import type { Observer } from './world';

export interface SimulationSettings {
  readonly policy: ScalingPolicy;
  readonly startTimes: StartTimes;
  /** The settings of an app by its name. */
  readonly spec: (app: string) => AppSpec;
  /** GPUs of a runner of the app; 1 when absent. */
  readonly gpus?: (app: string) => number;
  readonly machines?: Partial<MachinePool>;
  readonly faults?: Faults;
  readonly seed?: number;
  /** From a decision until the fleet has it, ms; 0 on one machine. */
  readonly lagMs?: number;
  /** From a submit that finds no free slot until the controller looks, ms. */
  readonly pokeLagMs?: number;
  /** How often agents look at the floor that holds them, ms. */
  readonly heartbeatMs?: number;
  /** What is not over this long after the last arrival or answer never will be, ms; a day by default. */
  readonly giveUpMs?: number;
  /** Looks at every app at every tick, though nothing can have changed. Slow; the result must be the same. */
  readonly everyTick?: boolean;
  readonly observer?: Observer;
}

export interface SimulationResult {
  /** By request: ms from its arrival until the attempt that served it began; NaN for one that was not served. */
  readonly waitMs: Float64Array;
  readonly served: number;
  /** Requests whose attempts were used up. */
  readonly deadLetters: number;
  /** Requests that still waited or ran at the end. */
  readonly unfinished: number;
  /** Runners launched. */
  readonly starts: number;
  readonly machinesLaunched: number;
  /** What was paid for: GPU-hours of machines, from the wish for each to its end. */
  readonly gpuHours: number;
  /** GPU-hours that runners held GPUs, starts included. */
  readonly runnerGpuHours: number;
  /** When anything last changed, or when the simulation gave up waiting for changes; ms. */
  readonly endedAt: number;
  readonly events: number;
  /** Times a scaler was asked. */
  readonly looks: number;
}

/** The pool of machines: what the policy comes with, and what the settings say over that. */
export function poolOf({ machines, policy }: SimulationSettings): MachinePool {
  return {
    ...MACHINE_EACH,
    ...(policy.machineKeepAliveMs === undefined ? {} : { keepAliveMs: policy.machineKeepAliveMs }),
    ...(policy.machinesFromZero === undefined ? {} : { machinesFromZero: policy.machinesFromZero }),
    ...machines,
  };
}
