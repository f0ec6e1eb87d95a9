import type { ISubnet } from 'aws-cdk-lib/aws-ec2';

/** The first subnet in each zone: mount targets and load balancers take no second one. */
export function onePerZone(subnets: readonly ISubnet[]): ISubnet[] {
  return [...new Map([...subnets].reverse().map((subnet) => [subnet.availabilityZone, subnet])).values()].reverse();
}
