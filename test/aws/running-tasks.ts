/** The tasks that the stand-in for ECS has started, and their containers. */
import type { StandInMachine, StandInTask } from '../support/ecs-stand-in-cluster';
import type { RunningContainers } from './task-definitions';

export interface RunningTask {
  readonly machine: StandInMachine;
  readonly kill: () => void;
}

export class RunningTasks {
  readonly #containers = new Map<StandInTask, RunningContainers>();

  add(task: StandInTask, containers: RunningContainers): RunningContainers {
    this.#containers.set(task, containers);
    return containers;
  }

  /** Tasks of an app that have not ended. */
  of(alias: string): readonly RunningTask[] {
    return [...this.#containers]
      .filter(([task]) => task.ended === undefined && task.taskDefinition.includes(`-${alias}:`))
      .map(([task, { kill }]) => ({ machine: task.machine, kill }));
  }

  /** Stops what runs, and waits for its end. */
  async stop(): Promise<void> {
    const running = [...this.#containers].filter(([task]) => task.ended === undefined);
    for (const [, containers] of running) containers.stop();
    await Promise.allSettled(running.map(([, { ended }]) => ended));
  }
}
