/**
 * Which machine a waiting runner goes to. A start is quickest where image and weights lie on the disk; of equals the
 * fullest machine is taken, so that GPUs are packed and other machines become empty and end.
 */
import { fits, imageOf, less, type PoolMachine, type WaitingRunner } from './machine';

export interface Placement {
  readonly runner: string;
  readonly machine: string;
}

export interface Placements {
  readonly placements: readonly Placement[];
  /** Idle machines that were draining and are to be called back before runners are placed on them. */
  readonly calledBack: readonly string[];
  /** Runners for which no machine has room, in order. */
  readonly unplaced: readonly WaitingRunner[];
  /** All machines, with the room taken that was given away. */
  readonly machines: readonly PoolMachine[];
}

/** Gives each runner in turn the best machine that has room for it. A runner that finds none keeps nobody else waiting. */
export function placeRunners(waiting: readonly WaitingRunner[], machines: readonly PoolMachine[]): Placements {
  const now = new Map(machines.map((machine) => [machine.id, machine]));
  const placements: Placement[] = [];
  const calledBack = new Set<string>();
  const unplaced: WaitingRunner[] = [];
  for (const runner of waiting) {
    const machine = bestMachine(runner, [...now.values()].filter(takesRunners));
    if (machine === undefined) {
      unplaced.push(runner);
      continue;
    }
    if (machine.state === 'draining') calledBack.add(machine.id);
    placements.push({ runner: runner.id, machine: machine.id });
    now.set(machine.id, occupied(machine, runner));
  }
  return { placements, calledBack: [...calledBack], unplaced, machines: [...now.values()] };
}

/** The machine on which the runner starts soonest; of equals, the fullest. */
export function bestMachine(runner: WaitingRunner, machines: readonly PoolMachine[]): PoolMachine | undefined {
  return machines
    .filter((machine) => runner.pools.includes(machine.pool) && fits(runner.needs, machine.free))
    .map((machine) => ({ machine, rank: rankFor(runner, machine) }))
    .sort((a, b) => compareRanks(a.rank, b.rank) || (a.machine.id < b.machine.id ? -1 : 1))[0]?.machine;
}

/** The machine once it holds the runner. */
export function occupied(machine: PoolMachine, runner: WaitingRunner): PoolMachine {
  const { idleSince: _idle, drain: _drain, ...rest } = machine;
  return {
    ...rest,
    state: machine.state === 'draining' ? 'active' : machine.state,
    free: less(machine.free, runner.needs),
    runners: machine.runners + 1,
  };
}

function takesRunners(machine: PoolMachine): boolean {
  return machine.state === 'active' || (machine.state === 'draining' && machine.drain === 'idle');
}

/** Compared number by number, the smallest first. */
function rankFor(runner: WaitingRunner, machine: PoolMachine): readonly number[] {
  const left = less(machine.free, runner.needs);
  return [
    machine.state === 'draining' ? 1 : 0,
    machine.images.includes(imageOf(runner)) ? 0 : 1,
    machine.apps.includes(runner.app) ? 0 : 1,
    runner.pools.indexOf(machine.pool),
    left.gpus,
    left.memoryMiB,
    // The machine emptied last: the others are nearer to their end.
    -(machine.idleSince ?? 0),
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [position, rank] of a.entries()) {
    const difference = rank - (b[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
