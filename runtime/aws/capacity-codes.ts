/** What EC2 says when it has no machine to give. */
import type { Refusal } from '../domain/capacity-cool-down';

const OUT_OF_STOCK: ReadonlySet<string> = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientCapacity',
  'InsufficientReservedInstanceCapacity',
  'InsufficientCapacityOnOutpost',
  'UnfulfillableCapacity',
  'SpotMaxPriceTooLow',
  'ReservationCapacityExceeded',
  // The type is not offered in that zone.
  'Unsupported',
]);

const QUOTA: ReadonlySet<string> = new Set([
  'VcpuLimitExceeded',
  'MaxSpotInstanceCountExceeded',
  'InstanceLimitExceeded',
]);

export function kindOf(code: string): Refusal['kind'] {
  if (QUOTA.has(code)) return 'quota';
  return OUT_OF_STOCK.has(code) ? 'capacity' : 'error';
}

/** The code in a sentence of Auto Scaling, which tells EC2's messages without it; empty when it tells of none. */
export function codeIn(message: string): string {
  const named = [...OUT_OF_STOCK, ...QUOTA].find((code) => message.includes(code));
  if (named !== undefined) return named;
  if (/vCPU (capacity )?(limit|quota)|requested more vCPU/i.test(message)) return 'VcpuLimitExceeded';
  if (/max spot instance count/i.test(message)) return 'MaxSpotInstanceCountExceeded';
  if (/do not have sufficient .*capacity|no spot capacity/i.test(message)) return 'InsufficientInstanceCapacity';
  return '';
}
