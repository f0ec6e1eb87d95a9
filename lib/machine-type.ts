import { isGpuMachine, isMachineType, unknownMachineType } from '../runtime/domain/machine-catalog';

/**
 * The machine that a runner of an app needs.
 *
 * Names are fal's. Each stands for one or more EC2 instance types; the platform takes the cheapest on which the runner
 * fits and lets several runners share an instance with more GPUs than one of them needs.
 *
 * @example
 * const machine = MachineType.GPU_A10G;
 * const sameMachine = MachineType.of('GPU-A10G');
 */
export class MachineType {
  /** Half a CPU, 512 MB. */
  public static readonly XS = MachineType.of('XS');
  /** 1 CPU, 1 GB. fal's default for apps. */
  public static readonly S = MachineType.of('S');
  /** 2 CPUs, 2 GB. */
  public static readonly M = MachineType.of('M');
  /** 4 CPUs, 15 GB. */
  public static readonly L = MachineType.of('L');
  /** 8 CPUs, 30 GB. */
  public static readonly XL = MachineType.of('XL');
  /** 2 CPUs, 4 GB. */
  public static readonly CPU = MachineType.of('CPU');
  /** Whichever GPU is cheapest: T4, L4, A10G or L40S. */
  public static readonly GPU = MachineType.of('GPU');
  /** NVIDIA T4, 16 GB (g4dn). */
  public static readonly GPU_T4 = MachineType.of('GPU-T4');
  /** NVIDIA L4, 24 GB (g6, gr6). */
  public static readonly GPU_L4 = MachineType.of('GPU-L4');
  /** NVIDIA A10G, 24 GB (g5). */
  public static readonly GPU_A10G = MachineType.of('GPU-A10G');
  /** NVIDIA RTX PRO 4500, 32 GB (g7). */
  public static readonly GPU_RTXPRO4500 = MachineType.of('GPU-RTXPRO4500');
  /** NVIDIA L40S, 48 GB (g6e), because EC2 has no A6000. */
  public static readonly GPU_A6000 = MachineType.of('GPU-A6000');
  /** NVIDIA L40S, 48 GB (g6e), because EC2 has no L40. */
  public static readonly GPU_L40 = MachineType.of('GPU-L40');
  /** NVIDIA L40S, 48 GB (g6e). */
  public static readonly GPU_L40S = MachineType.of('GPU-L40S');
  /** NVIDIA RTX PRO 6000, 96 GB (g7e). */
  public static readonly GPU_RTXPRO6000 = MachineType.of('GPU-RTXPRO6000');
  /** NVIDIA A100, 40 or 80 GB (p4d, p4de). EC2 sells it by eights: one is a share of a large instance. */
  public static readonly GPU_A100 = MachineType.of('GPU-A100');
  /** NVIDIA A100, 80 GB (p4de). EC2 sells it by eights: one is a share of a large instance. */
  public static readonly GPU_A100_80GB = MachineType.of('GPU-A100-80GB');
  /** NVIDIA H100, 80 GB (p5), one or eight to an instance. */
  public static readonly GPU_H100 = MachineType.of('GPU-H100');
  /** NVIDIA H200, 141 GB (p5e, p5en). EC2 sells it by eights. */
  public static readonly GPU_H200 = MachineType.of('GPU-H200');
  /** NVIDIA B200, 180 GB (p6-b200). EC2 sells it by eights. */
  public static readonly GPU_B200 = MachineType.of('GPU-B200');
  /** NVIDIA B300, 268 GB (p6-b300). EC2 sells it by eights. */
  public static readonly GPU_B300 = MachineType.of('GPU-B300');

  /**
   * The machine type of a name, such as one read from a configuration file.
   *
   * Throws at once when there is none of that name; the message names the nearest and all others.
   *
   * @param name fal's name, such as `GPU-A10G`
   */
  public static of(name: string): MachineType {
    if (!isMachineType(name)) throw new Error(unknownMachineType(name));
    return new MachineType(name);
  }

  /** True when a runner on this machine has a GPU. */
  public readonly hasGpu: boolean;

  /** @param name fal's name for the machine type */
  private constructor(public readonly name: string) {
    this.hasGpu = isGpuMachine(name);
  }

  /** fal's name for the machine type. */
  public toString(): string {
    return this.name;
  }
}
