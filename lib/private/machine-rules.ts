import { Annotations, SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { AppSpec } from '../../runtime/domain/app-spec';
import {
  gpuCounts,
  instancesFor,
  isGpuMachine,
  PRICE_REGION,
  PRICES_AS_OF,
  type InstanceType,
} from '../../runtime/domain/machine-catalog';
import { INSTANCE_TYPES } from '../../runtime/domain/machine-catalog.data';
import { didYouMean } from '../../runtime/domain/nearest';
import type { Capacity } from '../capacity';
import type { MachineChoice } from './machine-choice';
import { refuse } from './refusal';

/** Refuses what no machine of EC2 can give, before machines are chosen. */
export function checkCapacity(app: IConstruct, spec: AppSpec, capacity: Capacity): void {
  checkPool(app, capacity);
  checkMixture(app, spec.machine_type);
  const named = capacity._options.instanceTypes?.map((type) => type.toString());
  if (named === undefined) checkCounts(app, spec);
  else for (const name of named) checkInstanceType(app, spec, name);
  checkReservation(app, spec, capacity, named);
}

/** Refuses machines that can't be bought that way, or that cost far more than anybody expects. */
export function checkChoices(
  app: IConstruct,
  choices: readonly MachineChoice[],
  numGpus: number,
  acknowledged: boolean,
): void {
  for (const { instance, market, machine } of choices) {
    if (instance.usdPerHour === undefined && market !== 'capacity-block') {
      refuse(
        app,
        `\`capacity\`: ${instance.name} is sold by Capacity Block alone: use Capacity.capacityBlock('cr-…') with a block bought for it`,
      );
    }
    if (market === 'capacity-block' && !instance.capacityBlocks) {
      refuse(app, `\`capacity\`: there are no Capacity Blocks for ${instance.name}: use Capacity.onDemand()`);
    }
    if (instance.gpus === 8 && numGpus < 8 && !acknowledged) refuse(app, eightGpus(machine, instance, numGpus));
    if (instance.gpus % numGpus !== 0) {
      const idle = instance.gpus % numGpus;
      Annotations.of(app).addWarningV2(
        'cdk-serverless-gpu:idleGpus',
        `\`numGpus\` is ${numGpus} and ${instance.name} has ${instance.gpus} GPUs: ${idle} of them serve apps that need fewer, or nobody`,
      );
    }
  }
}

function eightGpus(machine: string, { name, usdPerHour }: InstanceType, numGpus: number): string {
  const price =
    usdPerHour === undefined ? '' : `, $${usdPerHour.toFixed(2)} an hour (${PRICE_REGION}, ${PRICES_AS_OF})`;
  return (
    `\`numGpus\` is ${numGpus}, but the machine for ${machine} is a whole ${name} with eight GPUs${price}. ` +
    'Set `acknowledgeEightGpuMachine: true` to take a share of it, `numGpus: 8` to use all, or a smaller `machineType`'
  );
}

/** A task definition asks for a number of GPUs, whatever machine it is placed on. */
function checkMixture(app: IConstruct, machines: readonly string[]): void {
  const [first = ''] = machines;
  const other = machines.find((machine) => isGpuMachine(machine) !== isGpuMachine(first));
  if (other === undefined) return;
  refuse(
    app,
    `\`fallbackMachineTypes\`: ${first} and ${other} can't stand in for each other: one has GPUs, one has none`,
  );
}

function checkCounts(app: IConstruct, { machine_type: machines, num_gpus: numGpus }: AppSpec): void {
  for (const machine of machines) {
    if (instancesFor(machine, numGpus).length > 0) continue;
    refuse(app, `\`numGpus\` is ${numGpus ?? 1}: ${machine} comes with ${gpuCounts(machine).join(', ')} GPUs on EC2`);
  }
}

function checkInstanceType(
  app: IConstruct,
  { machine_type: machines, num_gpus: numGpus = 1 }: AppSpec,
  name: string,
): void {
  const instance = INSTANCE_TYPES.find((known) => known.name === name);
  if (instance === undefined) {
    const names = INSTANCE_TYPES.map((known) => known.name);
    return refuse(
      app,
      `\`capacity.instanceTypes\`: ${name} is not a type this package knows${didYouMean(name, names)}`,
    );
  }
  if (instance.architecture !== 'x86_64') {
    refuse(app, `\`capacity.instanceTypes\`: ${name} is an Arm machine, and images are built for x86-64`);
  }
  if (machines.some((machine) => instancesFor(machine, numGpus).includes(instance))) return;
  const fitting = machines.flatMap((machine) => instancesFor(machine, numGpus).map((one) => one.name));
  const gpus = machines.some(isGpuMachine) ? ` with ${numGpus} GPUs` : '';
  refuse(
    app,
    `\`capacity.instanceTypes\`: ${name} is no machine for ${machines.join(', ')}${gpus}: use ${fitting.join(', ')}, or another \`machineType\``,
  );
}

function checkReservation(
  app: IConstruct,
  spec: AppSpec,
  { _purchase: purchase }: Capacity,
  named: readonly string[] | undefined,
): void {
  if (!('reservationId' in purchase) || named?.length === 1) return;
  const fitting = spec.machine_type.flatMap((machine) => instancesFor(machine, spec.num_gpus).map(({ name }) => name));
  if (named === undefined && fitting.length === 1) return;
  refuse(
    app,
    `\`capacity\`: a reservation is for one instance type: name it with \`instanceTypes\`, one of ${fitting.join(', ')}`,
  );
}

const MARKETS = { spot: 'Spot machines', 'capacity-block': 'Capacity Blocks' };

function checkPool(app: IConstruct, { _options: options, _purchase: { market } }: Capacity): void {
  const { maxMachines, rootVolumeSize, machineKeepAlive, stoppedMachines = 0 } = options;
  if (stoppedMachines !== 0 && (market === 'spot' || market === 'capacity-block')) {
    refuse(
      app,
      `\`capacity.stoppedMachines\`: there are no warm pools of ${MARKETS[market]}: remove it, or use Capacity.onDemand()`,
    );
  }
  if (literal(stoppedMachines) && (!Number.isInteger(stoppedMachines) || stoppedMachines < 0)) {
    refuse(app, `\`capacity.stoppedMachines\` is ${stoppedMachines}: it must be a whole number from 0`);
  }
  if (literal(maxMachines) && (!Number.isInteger(maxMachines) || maxMachines < 1)) {
    refuse(app, `\`capacity.maxMachines\` is ${maxMachines}: it must be a whole number from 1`);
  }
  const gibibytes = rootVolumeSize?.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
  if (literal(gibibytes) && gibibytes < 30) {
    refuse(app, `\`capacity.rootVolumeSize\` is ${gibibytes} GiB: the machine image alone needs 30`);
  }
  const seconds = machineKeepAlive?.toSeconds({ integral: false });
  if (literal(seconds) && (seconds > 604_800 || !Number.isInteger(seconds))) {
    refuse(app, `\`capacity.machineKeepAlive\` is ${seconds} seconds: it must be whole seconds, at most 7 days`);
  }
}

function literal(value: number | undefined): value is number {
  return value !== undefined && !Token.isUnresolved(value);
}
