/** Which work a custom resource asks for. */
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import type { AppChanges } from '../runtime/apps/app-changes';
import type { ImagesRequest, TeardownRequest, VerificationRequest } from '../runtime/aws-messages';
import type { CustomResourceOptions, CustomResourceWork } from './custom-resource';
import type { Images } from './images';
import type { Teardown } from './teardown';
import { unlessGone } from './teardown-resources';
import type { Verification } from './verification';

export interface LifecycleWorkOptions {
  readonly changes: Pick<AppChanges, 'reopen'>;
  readonly teardown: Pick<Teardown, 'app' | 'pool' | 'platform'>;
  readonly verification: Pick<Verification, 'verify'>;
  readonly images: Pick<Images, 'build'>;
  /** Calls the function anew with an event. */
  readonly callAgain: (event: ContinuedEvent) => Promise<void>;
}

/** An event of CloudFormation whose work a former call has begun. */
export type ContinuedEvent = CloudFormationCustomResourceEvent & { readonly buildId?: string };

export function lifecycleWork(options: LifecycleWorkOptions): CustomResourceOptions['workOf'] {
  return (event) => {
    const request = event.ResourceProperties as unknown as ImagesRequest | TeardownRequest | VerificationRequest;
    if (request.kind === 'images') return imagesWork(options, event, request);
    if (request.kind === 'verify') return verificationWork(options, event, request);
    return event.RequestType === 'Delete' ? teardownWork(options, request) : creationWork(options, event, request);
  };
}

/** A verification leaves nothing behind. */
function verificationWork(
  { verification }: LifecycleWorkOptions,
  { RequestType }: CloudFormationCustomResourceEvent,
  request: VerificationRequest,
): CustomResourceWork {
  return {
    physicalId: `verify/${request.app}`,
    run: async (deadline) => {
      if (RequestType !== 'Delete') await verification.verify(request, deadline);
    },
  };
}

/** Images go with their repository, and a build ends by itself. A build may take longer than one call of the function. */
function imagesWork(
  { images, callAgain }: LifecycleWorkOptions,
  event: ContinuedEvent,
  request: ImagesRequest,
): CustomResourceWork {
  return {
    physicalId: `images/${request.project}`,
    run: async (deadline) => {
      if (event.RequestType === 'Delete') return undefined;
      const buildId = await images.build(request, event.buildId, deadline);
      if (buildId === undefined) return undefined;
      await callAgain({ ...event, buildId });
      return 'continued';
    },
  };
}

function teardownWork({ teardown }: LifecycleWorkOptions, request: TeardownRequest): CustomResourceWork {
  const physicalId = physicalIdOf(request);
  switch (request.kind) {
    case 'app':
      return { physicalId, run: (deadline) => teardown.app(request.app, deadline) };
    case 'pool':
      return { physicalId, run: (deadline) => teardown.pool(request.pool, deadline) };
    case 'platform':
      return { physicalId, run: (deadline) => teardown.platform(deadline) };
  }
}

/** An app that is created under the name of one that was just removed takes requests again. */
function creationWork(
  { changes }: LifecycleWorkOptions,
  { RequestType }: CloudFormationCustomResourceEvent,
  request: TeardownRequest,
): CustomResourceWork {
  return {
    physicalId: physicalIdOf(request),
    run: async () => {
      if (RequestType === 'Create' && request.kind === 'app')
        await unlessGone(() => changes.reopen(request.app), undefined);
    },
  };
}

function physicalIdOf(request: TeardownRequest): string {
  switch (request.kind) {
    case 'app':
      return `app/${request.app}`;
    case 'pool':
      return `pool/${request.platform}/${request.pool}`;
    case 'platform':
      return `platform/${request.platform}`;
    default:
      throw new Error(`Nobody knows what ${JSON.stringify(request)} asks for`);
  }
}
