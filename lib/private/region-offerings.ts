import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { InstanceType } from '../../runtime/domain/machine-catalog';
import type { MachineChoice } from './machine-choice';

/** Those of the instance types that AWS lists for the region of a construct, or all where it lists none. */
export function inRegion(
  construct: IConstruct,
  instances: readonly InstanceType[],
  market: MachineChoice['market'],
): readonly InstanceType[] {
  const listed = instances.filter(({ name }) => isListed(construct, market, name) !== false);
  return listed.length > 0 ? listed : instances;
}

/** Warns of machine types for which AWS lists nothing in the region: requests would wait for a machine for ever. */
export function warnOfRegion(app: IConstruct, platform: IConstruct, choices: readonly MachineChoice[]): void {
  for (const machine of new Set(choices.map((choice) => choice.machine))) {
    const ofMachine = choices.filter((choice) => choice.machine === machine);
    if (ofMachine.some(({ market, instance }) => isListed(platform, market, instance.name) !== false)) continue;
    const names = [...new Set(ofMachine.map(({ instance }) => instance.name))].join(', ');
    const kind = ofMachine[0]?.market === 'capacity-block' ? 'Capacity Blocks of ' : '';
    Annotations.of(app).addWarningV2(
      'cdk-serverless-gpu:notInRegion',
      `\`machineType\`: AWS's documentation of summer 2026 lists no ${kind}${names}, for ${machine}, in ${Stack.of(platform).region}. ` +
        `\`sgpu doctor --machine-type ${machine}\` asks EC2: choose another \`machineType\`, \`capacity\` or region, or acknowledge this if EC2 has them`,
    );
  }
}

/** `undefined` where the region is known at deployment alone, or is newer than the table. */
function isListed(construct: IConstruct, market: MachineChoice['market'], name: string): boolean | undefined {
  const { region } = Stack.of(construct);
  if (Token.isUnresolved(region)) return undefined;
  const offered = REGIONS[region];
  if (offered === undefined) return undefined;
  if (market === 'capacity-block') return (offered.capacityBlocks ?? '').split(' ').includes(name);
  return offered.families.split(' ').includes(name.slice(0, name.indexOf('.')));
}

/**
 * Families that AWS lists for a region, of those that the catalog has for x86-64, and the types with Capacity Blocks there.
 *
 * From “Amazon EC2 instance types by Region” (docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-regions.html) and
 * “Capacity Blocks for ML” (docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html), as they were in summer
 * 2026. AWS adds families, and the first page is not complete: what it lacks is warned of, never refused. It says nothing
 * of zones; nor does any other page.
 */
const REGIONS: Readonly<Record<string, { readonly families: string; readonly capacityBlocks?: string }>> = {
  'us-east-1': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7 g7e p4d p4de p5 p5en p6-b200 p6-b300',
    capacityBlocks:
      'p6-b300.48xlarge p6-b200.48xlarge p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge p4d.24xlarge p4de.24xlarge',
  },
  'us-east-2': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7 g7e p4d p5 p5e p5en p6-b200',
    capacityBlocks: 'p6-b200.48xlarge p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge p4d.24xlarge',
  },
  'us-west-1': { families: 'c7a m6i m7i g4dn p5 p5en', capacityBlocks: 'p5.48xlarge p5e.48xlarge p5en.48xlarge' },
  'us-west-2': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7 g7e p4d p4de p5 p5e p5en p6-b200 p6-b300',
    capacityBlocks:
      'p6-b300.48xlarge p6-b200.48xlarge p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge p4d.24xlarge p4de.24xlarge',
  },
  'af-south-1': { families: 'm6i m7i g4dn' },
  'ap-east-1': { families: 'm6i m7i g4dn g5' },
  'ap-east-2': { families: 'm6i m7i' },
  'ap-northeast-1': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7e p4d p4de p5 p5en',
    capacityBlocks: 'p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'ap-northeast-2': {
    families: 'm6i m7i g4dn g5 g6 g6e gr6 g7e p4d p5 p5en',
    capacityBlocks: 'p6-b300.48xlarge p5en.48xlarge',
  },
  'ap-northeast-3': { families: 'm6i m7i g4dn g6e' },
  'ap-south-1': {
    families: 'm6i m7i g4dn g5 g6 g6e gr6 g7e p4d p5 p5en p6-b200',
    capacityBlocks: 'p6-b200.48xlarge p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'ap-south-2': { families: 'm6i m7i g6e', capacityBlocks: 'p6-b300.48xlarge p6-b200.48xlarge' },
  'ap-southeast-1': { families: 'c7a m6i m7i g4dn p4de' },
  'ap-southeast-2': {
    families: 'm6i m7a m7i g4dn g5 g6 gr6 p4d p5 p5e',
    capacityBlocks: 'p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'ap-southeast-3': {
    families: 'm6i m7i g5 p5 p5e p5en',
    capacityBlocks: 'p6-b300.48xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'ap-southeast-4': { families: 'm7i' },
  'ap-southeast-5': { families: 'm6i m7i g6 gr6' },
  'ap-southeast-6': { families: 'm6i m7i' },
  'ap-southeast-7': { families: 'm6i m7i' },
  'ca-central-1': { families: 'm6i m7i g4dn g5 g6 gr6 p4d p5' },
  'ca-west-1': { families: 'm6i' },
  'cn-north-1': { families: 'm6i g4dn g5' },
  'cn-northwest-1': { families: 'm6i g4dn g5' },
  'eu-central-1': { families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7e p4d p4de' },
  'eu-central-2': { families: 'm6i m7i g6 gr6' },
  'eu-north-1': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 g6e gr6 g7e p4d p5 p5e p5en',
    capacityBlocks: 'p6-b200.48xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'eu-south-1': { families: 'm6i m7i g4dn' },
  'eu-south-2': { families: 'c7a m7a m7i g5 g6 g6e gr6 g7e p5en', capacityBlocks: 'p5en.48xlarge' },
  'eu-west-1': { families: 'c7a m6i m7a m7i g4dn g5 p4d' },
  'eu-west-2': {
    families: 'c7a m6i m7a m7i g4dn g5 g6 gr6 g7e p4d p5 p5e',
    capacityBlocks: 'p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge',
  },
  'eu-west-3': { families: 'm6i m7i g4dn g5 g6 gr6', capacityBlocks: 'p6-b200.48xlarge' },
  'eusc-de-east-1': { families: 'm6i m7i g6' },
  'il-central-1': { families: 'm6i m7i g5 p4de' },
  'me-central-1': { families: 'm6i m7i g5 g6 g6e p5en' },
  'me-south-1': { families: 'm6i g4dn' },
  'mx-central-1': { families: 'm6i m7i' },
  'sa-east-1': {
    families: 'm6i m7i g4dn g5 g6 gr6 p4d p5 p5e',
    capacityBlocks: 'p5.4xlarge p5.48xlarge p5e.48xlarge',
  },
  'us-gov-east-1': {
    families: 'm6i m7i g4dn g6 gr6 p6-b200 p6-b300',
    capacityBlocks: 'p6-b300.48xlarge p6-b200.48xlarge',
  },
  'us-gov-west-1': { families: 'm6i m7i g4dn g6 gr6 p4d p5 p5en p6-b200', capacityBlocks: 'p6-b200.48xlarge' },
};
