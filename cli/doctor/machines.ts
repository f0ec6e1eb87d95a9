/** Whether the account may start the machines of an app, and where they are to be had. */
import { DescribeInstanceTypeOfferingsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { instancesFor, type InstanceType } from '../../runtime/domain/machine-catalog';
import { awsProblem, clientConfiguration, shown, type AwsAccess } from '../aws/access';
import { ok, problem, warning, type Finding } from './finding';

export interface WantedMachines {
  readonly machineTypes: readonly string[];
  readonly numGpus: number;
}

/** One finding for the quota and one for the zones of each machine type. */
export async function checkMachines(
  { machineTypes, numGpus }: WantedMachines,
  access: AwsAccess,
): Promise<readonly Finding[]> {
  const quotas = shown(new ServiceQuotasClient(clientConfiguration(access)), access);
  const ec2 = shown(new EC2Client(clientConfiguration(access)), access);
  const findings = machineTypes.map(async (machineType) => {
    const [instance] = instancesFor(machineType, numGpus);
    if (instance === undefined)
      return [problem('machine', `no machine has ${numGpus} of ${machineType}`, 'name others')];
    return Promise.all([quota(quotas, machineType, instance), zones(ec2, machineType, instance)]);
  });
  return (await Promise.all(findings)).flat();
}

/** New accounts have a quota of 0 for GPUs: the most common reason why a first runner waits for ever. */
async function quota(
  client: ServiceQuotasClient,
  machineType: string,
  { name, vcpus, onDemandQuota: QuotaCode }: InstanceType,
): Promise<Finding> {
  const check = `quota of ${machineType}`;
  try {
    const { Quota } = await client.send(new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode }));
    const value = Quota?.Value ?? 0;
    const machines = Math.floor(value / vcpus);
    const text = `${value} vCPUs (${QuotaCode}) are room for ${machines} of ${name} (${vcpus} vCPUs)`;
    return machines > 0
      ? ok(check, text)
      : problem(check, text, `${ASK_FOR} --quota-code ${QuotaCode} --desired-value ${vcpus}`);
  } catch (error) {
    if ((error as Error).name === 'NoSuchResourceException') {
      return warning(
        check,
        `Service Quotas knows no ${QuotaCode} in this region`,
        'choose another region or machine type',
      );
    }
    return warning(check, awsProblem(error, 'to read quotas').message, 'allow servicequotas:GetServiceQuota');
  }
}

const ASK_FOR = 'ask for more: aws service-quotas request-service-quota-increase --service-code ec2';

async function zones(client: EC2Client, machineType: string, { name }: InstanceType): Promise<Finding> {
  const check = `zones with ${machineType}`;
  try {
    const { InstanceTypeOfferings = [] } = await client.send(
      new DescribeInstanceTypeOfferingsCommand({
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values: [name] }],
      }),
    );
    const found = InstanceTypeOfferings.map(({ Location = '' }) => Location).sort();
    if (found.length > 0) return ok(check, `${name} is offered in ${found.join(', ')}`);
    return problem(check, `${name} is not offered in this region`, 'choose another region or machine type');
  } catch (error) {
    return warning(
      check,
      awsProblem(error, 'to see what is offered').message,
      'allow ec2:DescribeInstanceTypeOfferings',
    );
  }
}
