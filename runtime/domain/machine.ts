/** A machine of a pool, as the fleet sees it: what runs on it, what is left, and whether it may take more. */

/** What a runner takes of a machine, or what a machine offers. CPU in ECS units: 1,024 are one vCPU. */
export interface Room {
  readonly gpus: number;
  readonly cpu: number;
  readonly memoryMiB: number;
}

/**
 * Why a machine takes no more runners. An `idle` one may be called back while it still exists, the others may not: `broken`
 * ones don't start what they are given, `reclaimed` ones are about to be taken away.
 */
export type DrainReason = 'idle' | 'broken' | 'reclaimed';

export interface PoolMachine {
  /** EC2 instance id. */
  readonly id: string;
  readonly pool: string;
  readonly zone: string;
  readonly launchedAt: number;
  /**
   * `starting` until it registered with ECS; `active` takes runners; `unreachable` is an active one whose ECS agent is
   * silent; `draining` takes none; `missing` was not in the last listing, which may be wrong.
   */
  readonly state: 'starting' | 'active' | 'unreachable' | 'draining' | 'missing';
  /** All that it has: as registered, else what its pool was declared with. */
  readonly total: Room;
  readonly free: Room;
  /** Tasks that hold it, whoever started them. */
  readonly runners: number;
  /** Since when it has held no runner; absent while it holds one and until it is active. */
  readonly idleSince?: number;
  readonly unreachableSince?: number;
  /** Set while it drains. */
  readonly drain?: DrainReason;
  /** What ECS says is wrong with the machine itself. */
  readonly impaired?: string;
  /** Starts in a row that failed on it for reasons that lie with the machine. */
  readonly failedStarts: number;
  /** Images that lie on its disk, as `imageOf` names them. */
  readonly images: readonly string[];
  /** Apps whose runners worked on it, so that their weights are likely to be in its cache. */
  readonly apps: readonly string[];
}

/** A runner that has no machine yet. */
export interface WaitingRunner {
  readonly id: string;
  readonly app: string;
  readonly revision: string;
  readonly needs: Room;
  /** Pools that may hold it, the preferred first. */
  readonly pools: readonly string[];
}

/** Stands for the image of an app's revision. */
export function imageOf(runner: Pick<WaitingRunner, 'app' | 'revision'>): string {
  return `${runner.app}@${runner.revision}`;
}

export function fits(needs: Room, room: Room): boolean {
  return needs.gpus <= room.gpus && needs.cpu <= room.cpu && needs.memoryMiB <= room.memoryMiB;
}

export function less(room: Room, taken: Room): Room {
  return {
    gpus: room.gpus - taken.gpus,
    cpu: room.cpu - taken.cpu,
    memoryMiB: room.memoryMiB - taken.memoryMiB,
  };
}
