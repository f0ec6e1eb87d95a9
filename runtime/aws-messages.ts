/** What wakes and asks the platform's functions: messages of queues, properties of custom resources. */

/** What wakes the controller through its queue, as JSON. */
export type ControlMessage =
  /** A request waits and no runner of the app is free. */
  | { readonly kind: 'poke'; readonly app: string }
  /** A delayed look around while anything is alive. */
  | { readonly kind: 'tick' };

/** What an on-delete custom resource asks of the lifecycle handler, as its resource properties. */
export type TeardownRequest =
  /** The app takes no more requests, its runners have ended, and what is stored about it is gone. */
  | { readonly kind: 'app'; readonly app: string }
  /** No more machines are launched, and those there were have finished and ended: no app uses the pool any more. */
  | { readonly kind: 'pool'; readonly platform: string; readonly pool: string }
  /** Everything has ended; the bucket is empty, and internal secrets are gone. */
  | { readonly kind: 'platform'; readonly platform: string };

/** What the custom resource of an app's images asks of the lifecycle handler, as its resource properties. */
export interface ImagesRequest {
  readonly kind: 'images';
  /** The CodeBuild project that builds them. */
  readonly project: string;
  /** Of the images: with other ones the resource is updated, and waits for a build. */
  readonly tags: readonly string[];
}

/** What the custom resource of `verifyOnDeploy` asks of the lifecycle handler, as its resource properties. */
export interface VerificationRequest {
  readonly kind: 'verify';
  readonly app: string;
  /** The ARN in the app's deployment: with each new revision the resource is updated, and waits. */
  readonly taskDefinition: string;
}
