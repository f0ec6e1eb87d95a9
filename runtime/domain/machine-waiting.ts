/** What a runner without a machine waits for, in words that say what to do about it. */
import type { CoolDown } from './capacity-cool-down';
import type { PoolDeployment } from './deployment';
import type { Room } from './machine';
import { INSTANCE_TYPES } from './machine-catalog.data';

/** Why no machine of a pool is launched. */
export type Obstacle =
  | { readonly kind: 'absent'; readonly pool: string }
  | { readonly kind: 'small'; readonly pool: PoolDeployment; readonly room: Room; readonly needs: Room }
  | { readonly kind: 'full'; readonly pool: PoolDeployment }
  | { readonly kind: 'refused'; readonly pool: PoolDeployment; readonly coolDowns: readonly CoolDown[] };

/** `coming` is the pool of the machine that is starting for it; `obstacles` are those of the pools before. */
export function whatItWaitsFor(
  coming: PoolDeployment | undefined,
  obstacles: readonly Obstacle[],
  now: number,
): string {
  const start = coming === undefined ? [] : [`a ${coming.instanceType} machine (${coming.market}): starting`];
  const parts = [...start, ...obstacles.map((obstacle) => inWords(obstacle, now))];
  return parts.length === 0 ? 'a machine: its app names no pool' : parts.join('; ');
}

function inWords(obstacle: Obstacle, now: number): string {
  switch (obstacle.kind) {
    case 'absent':
      return `pool ${obstacle.pool} is not deployed`;
    case 'small':
      return `a ${obstacle.pool.instanceType} machine is too small: ${shortage(obstacle.needs, obstacle.room)}`;
    case 'full':
      return `pool ${obstacle.pool.pool} may have no more than ${machines(obstacle.pool.maxMachines)} (maxMachines)`;
    case 'refused':
      return refusal(obstacle.pool, obstacle.coolDowns, now);
  }
}

function refusal(pool: PoolDeployment, coolDowns: readonly CoolDown[], now: number): string {
  const again = Math.min(...coolDowns.map((coolDown) => coolDown.until));
  const retry = coolDowns.length === 0 ? '' : `, trying again in ${Math.max(0, Math.ceil((again - now) / 1000))} s`;
  const what = `${pool.instanceType} (${pool.market})`;
  const codes = [...new Set(coolDowns.map((coolDown) => coolDown.code))].join(', ');
  if (coolDowns.some((coolDown) => coolDown.kind === 'quota')) return `${quota(pool)}${retry}`;
  if (coolDowns.some((coolDown) => coolDown.kind === 'error')) return `${what} can't be launched (${codes})${retry}`;
  const zones = [...new Set(coolDowns.map((coolDown) => coolDown.zone).filter((zone) => zone !== '*'))];
  const where = zones.length === 0 ? '' : ` in ${zones.join(', ')}`;
  return `no ${what}${where} (${codes})${retry}`;
}

function quota(pool: PoolDeployment): string {
  const instance = INSTANCE_TYPES.find(({ name }) => name === pool.instanceType);
  const code = pool.market === 'spot' ? instance?.spotQuota : instance?.onDemandQuota;
  const family = QUOTA_FAMILIES[code ?? ''];
  const which =
    family === undefined ? pool.instanceType : `${family} ${pool.market === 'spot' ? 'Spot ' : ''}instances`;
  return `the vCPU quota of ${which} is used up: ask for more${code === undefined ? '' : ` of ${code}`}`;
}

/** Names of the Service Quotas of EC2 that the catalog's instance types fall under. */
const QUOTA_FAMILIES: Readonly<Record<string, string>> = {
  'L-DB2E81BA': 'G and VT',
  'L-3819A6DF': 'G and VT',
  'L-417A185B': 'P',
  'L-7212CCBC': 'P',
  'L-1216C47A': 'Standard',
  'L-34B43A08': 'Standard',
};

function shortage(needs: Room, room: Room): string {
  if (needs.gpus > room.gpus) return `it has ${gpus(room.gpus)}, the runner needs ${needs.gpus}`;
  if (needs.memoryMiB > room.memoryMiB)
    return `it offers ${room.memoryMiB} MiB of memory, the runner needs ${needs.memoryMiB}`;
  return `it offers ${room.cpu} CPU units, the runner needs ${needs.cpu}`;
}

function gpus(count: number): string {
  return count === 1 ? '1 GPU' : `${count} GPUs`;
}

function machines(count: number): string {
  return count === 1 ? '1 machine' : `${count} machines`;
}
