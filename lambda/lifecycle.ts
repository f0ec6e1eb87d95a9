/** Answers the custom resources of the stacks: what to do on deletion, and whether a new revision starts. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobClient } from '../runtime/aws/blob-store';
import { EcsTasks } from '../runtime/aws/ecs-tasks';
import { MachineGroups } from '../runtime/aws/machines-auto-scaling';
import { VARIABLE } from '../runtime/aws-layout';
import { answerCustomResource } from './custom-resource';
import { variable } from './environment';
import { lifecycleWork } from './lifecycle-work';
import { PlatformLog } from './metrics';
import { openPlatformStores } from './platform-stores';
import { Teardown } from './teardown';
import { AwsTeardownResources } from './teardown-resources';
import { Verification } from './verification';

const log = new PlatformLog(variable(VARIABLE.platform), 'lifecycle');
const stores = openPlatformStores(log.failure);
const { names, ssm, changes } = stores;
const resources = new AwsTeardownResources({
  tasks: new EcsTasks(new ECSClient({}), variable(VARIABLE.cluster), names.platform),
  groups: new MachineGroups(new AutoScalingClient({})),
  s3: blobClient(),
  bucket: variable(VARIABLE.bucket),
  names,
  ssm,
});
const workOf = lifecycleWork({
  changes,
  teardown: new Teardown({ ...stores, resources, sleep }),
  verification: new Verification({ ...stores, sleep }),
});

export async function handler(
  event: CloudFormationCustomResourceEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<void> {
  await answerCustomResource(event, context, { workOf, clock: stores.clock, onError: log.failure });
}
