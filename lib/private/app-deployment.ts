import type { Construct, IDependable } from 'constructs';
import type { ResourceNames } from '../../runtime/aws-layout';
import type { AppSpec } from '../../runtime/domain/app-spec';
import type { AppDeployment as Deployment } from '../../runtime/domain/deployment';
import type { AppMachines } from './app-machines';
import { deploymentParameter } from './deployment-parameter';
import { DeployedRevision, Teardown } from './lifecycle';
import { PlatformArns } from './platform-arns';

export interface AppDeploymentProps extends AppMachines {
  /** `owner/alias`. */
  readonly appId: string;
  readonly names: ResourceNames;
  readonly spec: AppSpec;
  readonly taskDefinitionArn: string;
  readonly queueUrl: string;
  /** What has to be there before a custom resource of the app is answered. */
  readonly lifecycle: readonly IDependable[];
  readonly verify: boolean;
}

/**
 * Tells the platform of the app when everything of it is there, and drains it before anything of it is deleted: all that
 * the construct has by now.
 */
export function deployApp(app: Construct, props: AppDeploymentProps): void {
  const { appId, names, spec, taskDefinitionArn, pools, lifecycle } = props;
  const everythingElse = [...app.node.children];
  const parameter = deploymentParameter(app, 'Parameter', names.appParameter(spec.name), deploymentOf(props));
  const { lifecycleFunction } = new PlatformArns(app, names);
  const teardown = new Teardown(app, 'Teardown', lifecycleFunction, { kind: 'app', app: appId });
  teardown.node.addDependency(...everythingElse, parameter, ...pools.map((pool) => pool.teardown), ...lifecycle);
  if (!props.verify) return;
  const verification = new DeployedRevision(app, 'Verification', lifecycleFunction, {
    kind: 'verify',
    app: appId,
    taskDefinition: taskDefinitionArn,
  });
  verification.node.addDependency(teardown);
}

/** What only the build of the image needs stays out: the parameter is small. */
function deploymentOf({ appId, spec, taskDefinitionArn, queueUrl, pools, room }: AppDeploymentProps): Deployment {
  const { requirements: _requirements, env: _env, ...rest } = spec;
  return {
    app: appId,
    spec: rest,
    taskDefinition: taskDefinitionArn,
    queueUrl,
    pools: pools.map(({ pool }) => pool),
    ...room,
  };
}
