/** Answers the custom resources of the stacks: what to do on deletion, and whether a new revision starts. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECSClient } from '@aws-sdk/client-ecs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobClient } from '../runtime/aws/blob-store';
import { EcsTasks } from '../runtime/aws/ecs-tasks';
import { MachineGroups } from '../runtime/aws/machines-auto-scaling';
import { VARIABLE } from '../runtime/aws-layout';
import { CodeBuildBuilds } from './code-build';
import { answerCustomResource } from './custom-resource';
import { variable } from './environment';
import { Images } from './images';
import { lifecycleWork, type ContinuedEvent } from './lifecycle-work';
import { PlatformLog } from './metrics';
import { openPlatformStores } from './platform-stores';
import { Teardown } from './teardown';
import { AwsTeardownResources } from './teardown-resources';
import { Verification } from './verification';

const log = new PlatformLog(variable(VARIABLE.platform), 'lifecycle');
const stores = openPlatformStores({ onError: log.failure });
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
  images: new Images({
    builds: new CodeBuildBuilds({ codeBuild: new CodeBuildClient({}), logs: new CloudWatchLogsClient({}) }),
    clock: stores.clock,
    sleep,
  }),
  callAgain,
});

export async function handler(
  event: CloudFormationCustomResourceEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<void> {
  await answerCustomResource(event, context, { workOf, clock: stores.clock, onError: log.failure });
}

async function callAgain(event: ContinuedEvent): Promise<void> {
  const Payload = JSON.stringify(event);
  await new LambdaClient({}).send(
    new InvokeCommand({ FunctionName: names.lifecycleFunction, InvocationType: 'Event', Payload }),
  );
}
