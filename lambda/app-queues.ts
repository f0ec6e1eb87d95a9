/** The SQS queues of the apps. */
import type { ResourceNames } from '../runtime/aws-layout';

/** All queues of a platform are in one account and region: their URLs differ from that of the control queue in the name. */
export function appQueueUrls(controlQueueUrl: string, names: ResourceNames): (app: string) => string {
  const beside = controlQueueUrl.slice(0, controlQueueUrl.lastIndexOf('/') + 1);
  return (app) => beside + names.appQueue(app.slice(app.lastIndexOf('/') + 1));
}
