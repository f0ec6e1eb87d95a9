import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isGpuMachine } from '../domain/machine-catalog';
import type { AppSpec } from '../domain/app-spec';
import { UserError } from '../domain/user-error';

export interface Gpu {
  /** As `CUDA_VISIBLE_DEVICES` takes it: `GPU-` and a UUID. */
  readonly uuid: string;
  /** `NVIDIA L4` */
  readonly name: string;
  readonly memoryMib: number;
}

interface Request {
  readonly runner: string;
  readonly count: number;
  readonly grant: (gpus: readonly Gpu[]) => void;
}

/** The GPUs of this machine, each leased to one runner at a time, in the order they ask. */
export class GpuInventory {
  private readonly leases = new Map<string, readonly Gpu[]>();
  private readonly requests: Request[] = [];

  constructor(readonly gpus: readonly Gpu[]) {}

  /** Asks NVIDIA's driver by its program. A machine without one has no GPU. */
  static async detect(program = 'nvidia-smi'): Promise<GpuInventory> {
    try {
      const query = ['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'];
      const { stdout } = await promisify(execFile)(program, query, { timeout: DETECTION_LIMIT_MS });
      return new GpuInventory(parseGpus(stdout));
    } catch {
      return new GpuInventory([]);
    }
  }

  /**
   * Takes GPUs for a runner as soon as enough are free. `waiting` is called with words when that is not at once. A
   * UserError says that the machine does not have so many.
   */
  async lease(
    runner: string,
    count: number,
    waiting: (forWhat: string) => void,
    signal: AbortSignal,
  ): Promise<readonly Gpu[]> {
    if (count > this.gpus.length)
      throw new UserError(`It asks for ${gpus(count)}, this machine has ${this.gpus.length}`);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const request = { runner, count, grant: resolve };
      this.requests.push(request);
      this.grantInOrder();
      if (!this.requests.includes(request)) return;
      waiting(
        `${count === 1 ? 'a free GPU' : `${count} free GPUs`}: ${this.free().length} of ${this.gpus.length} free`,
      );
      signal.addEventListener('abort', () => {
        this.withdraw(request);
        reject(signal.reason as Error);
      });
    });
  }

  /** Gives back what a runner holds, if anything. */
  release(runner: string): void {
    this.leases.delete(runner);
    this.grantInOrder();
  }

  /** Strictly in order: a runner that asks for many GPUs is not overtaken for ever by those that ask for one. */
  private grantInOrder(): void {
    for (let first = this.requests[0]; first !== undefined; first = this.requests[0]) {
      const free = this.free();
      if (free.length < first.count) return;
      this.requests.shift();
      const granted = free.slice(0, first.count);
      this.leases.set(first.runner, granted);
      first.grant(granted);
    }
  }

  private withdraw(request: Request): void {
    const index = this.requests.indexOf(request);
    if (index === -1) return;
    this.requests.splice(index, 1);
    this.grantInOrder();
  }

  private free(): readonly Gpu[] {
    const taken = new Set([...this.leases.values()].flat());
    return this.gpus.filter((gpu) => !taken.has(gpu));
  }
}

/** How many GPUs a runner of an app needs: `num_gpus`, or one for a GPU machine type. */
export function gpusNeeded({ machine_type, num_gpus }: Pick<AppSpec, 'machine_type' | 'num_gpus'>): number {
  return num_gpus ?? (machine_type.some(isGpuMachine) ? 1 : 0);
}

/** A driver that hangs must not keep the platform from starting. */
const DETECTION_LIMIT_MS = 20_000;

/** `GPU-5f0c…, NVIDIA L4, 23034` a line. */
export function parseGpus(csv: string): readonly Gpu[] {
  return csv
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .flatMap(([uuid = '', name = '', memory = '']) =>
      uuid.startsWith('GPU-') ? [{ uuid, name, memoryMib: Number.parseInt(memory, 10) || 0 }] : [],
    );
}

function gpus(count: number): string {
  return count === 1 ? '1 GPU' : `${count} GPUs`;
}
