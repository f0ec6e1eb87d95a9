/** Settings of a network that the platform makes. */
export interface NetworkOptions {
  /**
   * Zones by name, for GPUs that not every zone of the region has.
   *
   * @default - the first three of the region; two where the region of the stack is unknown or has no more
   */
  readonly availabilityZones?: string[];

  /**
   * The range of addresses.
   *
   * @default '10.0.0.0/16'
   */
  readonly cidr?: string;
}

/** What is around the machines, when the platform makes its own VPC. */
export class NetworkMode {
  /**
   * Public subnets, in which nothing can be reached from outside: no security group has an inbound rule from anywhere.
   * Costs nothing while no machine runs.
   */
  public static publicNoIngress(options: NetworkOptions = {}): NetworkMode {
    return new NetworkMode('public', options);
  }

  /** Private subnets behind one NAT gateway, which costs about $37 a month with its address, and $0.045 a gigabyte. */
  public static privateWithNat(options: NetworkOptions = {}): NetworkMode {
    return new NetworkMode('nat', options);
  }

  /**
   * No way to the internet: AWS services are reached through interface endpoints, which cost about $117 a month in two
   * zones. Apps can't download anything at run time.
   */
  public static isolated(options: NetworkOptions = {}): NetworkMode {
    return new NetworkMode('isolated', options);
  }

  private constructor(
    /** @internal */
    public readonly _kind: 'public' | 'nat' | 'isolated',
    /** @internal */
    public readonly _options: NetworkOptions,
  ) {}
}
