/** The controller as a Lambda function: see `ControllerTurns`. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { ControllerLease } from '../runtime/aws/controller-lease';
import { SsmDeployments } from '../runtime/aws/deployments';
import { embeddedMetrics } from '../runtime/aws/embedded-metrics';
import { EcsFleet } from '../runtime/aws/ecs-fleet';
import { TableFleetMemory } from '../runtime/aws/machines-memory';
import { VARIABLE } from '../runtime/aws-layout';
import type { ControlMessage } from '../runtime/aws-messages';
import { Controller } from '../runtime/controller/controller';
import { WebhookDelivery } from '../runtime/controller/webhook-delivery';
import { openCallTrace } from './call-trace';
import { ControllerTurns } from './controller-turns';
import { DeploymentMirror } from './deployment-mirror';
import { variable } from './environment';
import { LeasedWebhooks } from './leased-webhooks';
import { AppMetrics, PlatformLog } from './metrics';
import { PlatformKeys } from './platform-keys';
import { openPlatformStores } from './platform-stores';
import { wakeUpsOf } from './wake-ups';

const log = new PlatformLog(variable(VARIABLE.platform), 'controller');
const onError = log.failure;
const traced = await openCallTrace('controller');
const stores = openPlatformStores({ onError });
const { names, clock } = stores;
const { client: dynamo, name: table } = stores.table;
const holder = randomUUID();
const metrics = new AppMetrics({ clock, write: embeddedMetrics() });

const mirror = new DeploymentMirror({
  ...stores,
  deployments: new SsmDeployments(stores.ssm, names),
  onProblem: (problem) => {
    log.info(problem);
  },
});
const fleet = new EcsFleet({
  ...stores,
  ecs: new ECSClient({}),
  autoScaling: new AutoScalingClient({}),
  memory: new TableFleetMemory(dynamo, table),
  pools: () => mirror.pools(),
  cluster: variable(VARIABLE.cluster),
  platform: names.platform,
  onError,
});
const platformKeys = new PlatformKeys(stores);
const webhooks = new LeasedWebhooks({
  delivery: new WebhookDelivery({ ...stores, allowPrivateWebhooks: false, onError }),
  lease: new ControllerLease({ client: dynamo, table, clock, holder, name: 'webhooks' }),
  requests: stores.requests,
  clock,
});
const turns = new ControllerTurns({
  ...stores,
  controller: new Controller({
    ...stores,
    fleet,
    webhooks,
    onDecision: (decision) => {
      log.decision(decision);
    },
    onLook: metrics.looked,
    onSwept: metrics.swept,
    onError,
  }),
  lease: new ControllerLease({ client: dynamo, table, clock, holder, name: 'passes' }),
  holder,
  fleet,
  mirror: async () => {
    await platformKeys.ensure();
    await mirror.apply();
  },
  layOutTicks,
  onError,
});

export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> {
  const deadline = clock.now() + context.getRemainingTimeInMillis();
  const wakeUps = wakeUpsOf(event, names);
  await traced(async (notes) => {
    notes.route = [...new Set(wakeUps.map(({ kind }) => kind))].join(' ');
    webhooks.begin(deadline);
    await turns.wake(wakeUps, deadline);
    await webhooks.settled();
  });
}

async function layOutTicks(delays: readonly number[]): Promise<void> {
  const tick: ControlMessage = { kind: 'tick' };
  const { Failed = [] } = await stores.sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: stores.controlQueueUrl,
      Entries: delays.map((delay) => ({
        Id: String(delay),
        DelaySeconds: delay,
        MessageBody: JSON.stringify(tick),
      })),
    }),
  );
  if (Failed.length > 0) throw new Error(`${Failed.length} ticks were not taken: ${Failed[0]?.Message ?? 'no reason'}`);
}
