/** Actions that the template grants and that no call of a test used, each with the reason why it is granted all the same. */
import type { Role } from './iam-proof';
import type { RecordedCall } from './recorded-call';
import { principalOf } from './role-credentials';

/** What a role is for; found in its name. */
export type RoleKind = 'Gateway' | 'Controller' | 'Lifecycle' | 'RolesTask' | 'RolesExecution' | 'MachineRole';

const LOGS = "Lambda writes with a function's role what it logs";
const BODY_TAKEN_BACK = 'a payload whose request was ended meanwhile is taken back: test/runtime/aws';
const DELETED = 'payloads of requests and files that are deleted on demand: test/contract, test/lambda';
const MISSING = 'without it S3 answers 403 for an object that is not there';
const LARGE_UPLOAD = 'ends an upload in parts that failed: test/runtime/aws';
const EVENT_SOURCE = 'Lambda asks for it of a function that gets the messages of a queue';
const LAUNCH = 'Auto Scaling asks for it of whoever calls LaunchInstances';
const WARM_POOL = 'machines from warm pools, and groups that lost a machine: test/runtime/aws';
const ECS_AGENT = "called by ECS's agent, which the stand-in does without";
const PULL = 'ECS pulls the images; processes and local images take their place here';
const CONTAINER_LOGS = 'ECS writes the logs of containers';
const MOUNT = 'asked for by EFS when a task mounts it: a folder takes its place here';
const BUILD = 'images built by CodeBuild: test/lambda/images.test.ts';
const TEARDOWN =
  'what a deletion finds depends on what still runs: test/lambda/teardown-resources.test.ts, test/lambda/lifecycle.test.ts';

/** By kind of role and action. */
export const UNUSED_GRANTS: Readonly<Record<RoleKind, Readonly<Record<string, string>>>> = {
  Gateway: {
    'dynamodb:BatchGetItem': 'statuses of many requests, for the admin API: test/contract',
    'dynamodb:DeleteItem': DELETED,
    's3:DeleteObject': DELETED,
    's3:ListBucket': MISSING,
    's3:AbortMultipartUpload': LARGE_UPLOAD,
    'logs:CreateLogStream': LOGS,
    'logs:PutLogEvents': LOGS,
  },
  Controller: {
    'autoscaling:DescribeScalingActivities': WARM_POOL,
    'autoscaling:SetDesiredCapacity': WARM_POOL,
    'ec2:CreateFleet': LAUNCH,
    'ec2:DescribeLaunchTemplateVersions': LAUNCH,
    'iam:PassRole': 'ECS asks for it when RunTask names a definition with roles: no call of its own',
    'ecs:StopTask': 'runners that are overdue or were never ready, as they come',
    's3:GetObject': 'results that a webhook brings: test/lambda',
    's3:PutObject': 'results of requests that it ends, where they are large',
    's3:DeleteObject': BODY_TAKEN_BACK,
    's3:ListBucket': MISSING,
    'sqs:ChangeMessageVisibility': EVENT_SOURCE,
    'sqs:GetQueueAttributes': EVENT_SOURCE,
    'logs:CreateLogStream': LOGS,
    'logs:PutLogEvents': LOGS,
  },
  Lifecycle: {
    'dynamodb:BatchGetItem': TEARDOWN,
    'dynamodb:PutItem': 'the record of an app is written by verifications and removals: test/lambda/lifecycle.test.ts',
    'lambda:InvokeFunction':
      'a build may take longer than a function, which then calls itself: test/lambda/images.test.ts',
    'autoscaling:TerminateInstanceInAutoScalingGroup': TEARDOWN,
    'ecs:DescribeTasks': TEARDOWN,
    'ecs:StopTask': TEARDOWN,
    's3:DeleteObject': TEARDOWN,
    's3:DeleteObjectVersion': TEARDOWN,
    'ssm:DeleteParameter': TEARDOWN,
    'codebuild:StartBuild': BUILD,
    'codebuild:BatchGetBuilds': BUILD,
    'logs:GetLogEvents': BUILD,
    'logs:CreateLogStream': LOGS,
    'logs:PutLogEvents': LOGS,
  },
  RolesTask: {
    'dynamodb:DeleteItem': BODY_TAKEN_BACK,
    's3:DeleteObject': BODY_TAKEN_BACK,
    's3:AbortMultipartUpload': LARGE_UPLOAD,
    'sqs:SendMessage': 'wakes another runner for a request that is handed back, where one is',
    'sqs:ChangeMessageVisibility': 'wakes another runner at once for what this one has no room for: test/runtime/aws',
    'elasticfilesystem:ClientMount': MOUNT,
    'elasticfilesystem:ClientWrite': MOUNT,
  },
  RolesExecution: {
    'ecr:GetAuthorizationToken': PULL,
    'ecr:BatchCheckLayerAvailability': PULL,
    'ecr:BatchGetImage': PULL,
    'ecr:GetDownloadUrlForLayer': PULL,
    'logs:CreateLogStream': CONTAINER_LOGS,
    'logs:PutLogEvents': CONTAINER_LOGS,
  },
  MachineRole: {
    'ecs:DeregisterContainerInstance': ECS_AGENT,
    'ecs:DiscoverPollEndpoint': ECS_AGENT,
    'ecs:Poll': ECS_AGENT,
    'ecs:RegisterContainerInstance': ECS_AGENT,
    'ecs:StartTelemetrySession': ECS_AGENT,
    'ecs:SubmitAttachmentStateChanges': ECS_AGENT,
    'ecs:SubmitContainerStateChange': ECS_AGENT,
    'ecs:SubmitTaskStateChange': ECS_AGENT,
    'ecs:UpdateContainerInstancesState': ECS_AGENT,
  },
};

/** Unused grants without a reason, and reasons for what is not granted: `kind action`. */
export function unexplainedGrants(
  calls: readonly RecordedCall[],
  roles: readonly Role[],
  kinds: readonly RoleKind[],
): readonly string[] {
  return kinds.flatMap((kind) => {
    const ofKind = roles.filter(({ arn }) => arn.includes(kind));
    if (ofKind.length === 0) throw new Error(`The template has no role like ${kind}`);
    const principals = new Set(ofKind.map(({ arn }) => principalOf(arn)));
    const used = new Set(calls.filter(({ principal }) => principals.has(principal)).map(({ action }) => action));
    const granted = [...new Set(ofKind.flatMap(actionsOf))];
    const reasons = UNUSED_GRANTS[kind];
    const unexplained = granted.filter((action) => !used.has(action) && reasons[action] === undefined);
    const stale = Object.keys(reasons).filter((action) => !granted.includes(action));
    return [...unexplained, ...stale].sort().map((action) => `${kind} ${action}`);
  });
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
}

function actionsOf({ policies }: Role): readonly string[] {
  return policies
    .flatMap(({ policy }) => (policy as { readonly Statement: readonly Statement[] }).Statement)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action);
}
