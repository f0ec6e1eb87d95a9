import type { Duration, Size } from 'aws-cdk-lib';
import type { IMachineImage, InstanceType } from 'aws-cdk-lib/aws-ec2';
import type { Purchase } from './private/purchase';

/** The pool of machines that the runners of an app are placed on. */
export interface CapacityOptions {
  /**
   * EC2 instance types in order of preference, instead of the cheapest on which a runner of the machine type fits.
   *
   * Not every region has every type: a synthesis warns of one that AWS doesn't list for the region of the stack. Which
   * Availability Zones have it only the account knows: `sgpu doctor` asks, and `availabilityZones` keeps to them.
   *
   * @default - chosen by machine type, number of GPUs and, where the stack names it, region
   */
  readonly instanceTypes?: InstanceType[];

  /**
   * Zones by name in which machines are launched, such as the one that a reservation is in. The platform must have a subnet
   * in each of them.
   *
   * @default - all in which the platform has a subnet
   */
  readonly availabilityZones?: string[];

  /**
   * How long a machine stays after its last runner left, ready with its image layers and weights for the next one. It is
   * billed all that time.
   *
   * @default Duration.seconds(60)
   */
  readonly machineKeepAlive?: Duration;

  /**
   * Machines of one pool at most.
   *
   * @default - as many as all runners of the apps of the pool need
   */
  readonly maxMachines?: number;

  /**
   * Machines that are kept stopped, set up and with their images on the root volume, beside those that run. They start
   * sooner, and cost their disks alone. Not with Spot or a Capacity Block: EC2 has no warm pools of these.
   *
   * @default 0
   */
  readonly stoppedMachines?: number;

  /**
   * Whether the app has machines of its own. Apps that share machines are one trust domain: a container isn't a boundary
   * that holds against code that means harm.
   *
   * @default false
   */
  readonly dedicated?: boolean;

  /**
   * The machine image, with an ECS agent and, for GPUs, NVIDIA's driver and container toolkit.
   *
   * @default - the newest ECS-optimised Amazon Linux 2023 image at each launch
   */
  readonly machineImage?: IMachineImage;

  /**
   * The encrypted root volume (gp3). Without instance store it holds all images.
   *
   * @default Size.gibibytes(100), or 50 GiB for machines with instance store
   */
  readonly rootVolumeSize?: Size;
}

/** Capacity on Spot. */
export interface SpotOptions extends CapacityOptions {
  /**
   * Whether on-demand machines are launched when there are no Spot machines to be had.
   *
   * @default true
   */
  readonly fallback?: boolean;
}

/** How machines are bought. */
export class Capacity {
  /** At the list price, without an end. */
  public static onDemand(options: CapacityOptions = {}): Capacity {
    return new Capacity({ market: 'on-demand' }, options);
  }

  /**
   * At the Spot price; EC2 takes a machine back with two minutes' notice. Requests that are cut short go back to the
   * queue.
   */
  public static spot(options: SpotOptions = {}): Capacity {
    const { fallback = true, ...rest } = options;
    return new Capacity({ market: 'spot', fallback }, rest);
  }

  /** In an on-demand capacity reservation, which is billed whether it is used or not. */
  public static capacityReservation(reservationId: string, options: CapacityOptions = {}): Capacity {
    return new Capacity({ market: 'capacity-reservation', reservationId }, options);
  }

  /** In a Capacity Block for ML, paid in advance: the only way to have some of the largest GPUs. */
  public static capacityBlock(reservationId: string, options: CapacityOptions = {}): Capacity {
    return new Capacity({ market: 'capacity-block', reservationId }, options);
  }

  private constructor(
    /** @internal */
    public readonly _purchase: Purchase,
    /** @internal */
    public readonly _options: CapacityOptions,
  ) {}
}
