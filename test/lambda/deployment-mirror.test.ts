import { DeploymentMirror, MISSING_LIMIT_MS } from '../../lambda/deployment-mirror';
import { AppChanges } from '../../runtime/apps/app-changes';
import type { Deployments } from '../../runtime/aws/deployments';
import type { AppDeployment } from '../../runtime/domain/deployment';
import { ControlledPlatform } from '../support/controlled-platform';
import { APP, appSpec } from '../support/records';

class Mirrored {
  readonly platform = new ControlledPlatform();
  readonly changes = new AppChanges(this.platform.apps, this.platform.clock);
  readonly problems: string[] = [];
  deployed: Deployments = { pools: [], apps: [deployment(1)], problems: [] };
  readings = 0;
  readonly mirror = new DeploymentMirror({
    apps: this.platform.apps,
    registry: this.platform.registry,
    clock: this.platform.clock,
    changes: this.changes,
    deployments: {
      read: async () => {
        this.readings += 1;
        return this.deployed;
      },
    },
    onProblem: (problem) => this.problems.push(problem),
  });

  /** Applies it again when an app that is missing has been missing for long enough. */
  async later(): Promise<void> {
    await this.mirror.apply();
    this.platform.clock.advance(MISSING_LIMIT_MS);
    await this.mirror.apply();
  }
}

describe('what is deployed', () => {
  it('is written when it changed and not again', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.apply();
    const before = await mirrored.platform.apps.get(APP);
    expect(before).toMatchObject({ revision: '1' });
    mirrored.platform.clock.advance(1);
    await mirrored.mirror.apply();
    expect(await mirrored.platform.apps.get(APP)).toEqual(before);
  });

  it('leaves what was changed by hand', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.apply();
    await mirrored.changes.scale(APP, { max_concurrency: 7 });
    mirrored.deployed = { ...mirrored.deployed, apps: [deployment(2)] };
    await mirrored.mirror.apply();
    expect(await mirrored.platform.apps.get(APP)).toMatchObject({ revision: '2', spec: { max_concurrency: 7 } });
  });

  it('no longer: the app is closed, and forgotten when its runners are gone', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.apply();
    mirrored.deployed = { ...mirrored.deployed, apps: [] };
    await mirrored.mirror.apply();
    expect((await mirrored.platform.apps.get(APP))?.closingSince).toBeUndefined();
    await mirrored.later();
    expect((await mirrored.platform.apps.get(APP))?.closingSince).toBeDefined();
    await mirrored.mirror.apply();
    expect(await mirrored.platform.apps.get(APP)).toBeUndefined();
  });

  it('no longer, but with a runner: the app is kept until that is gone', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.apply();
    await mirrored.platform.submit();
    await mirrored.platform.controller.tick();
    mirrored.deployed = { ...mirrored.deployed, apps: [] };
    await mirrored.later();
    await mirrored.mirror.apply();
    expect(await mirrored.platform.apps.get(APP)).toBeDefined();
  });

  it('but unreadable: nothing is taken for removed, and the problem is told', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.apply();
    mirrored.deployed = { pools: [], apps: [], problems: ['the parameter is not used'] };
    await mirrored.later();
    expect((await mirrored.platform.apps.get(APP))?.closingSince).toBeUndefined();
    expect(mirrored.problems).toContain('the parameter is not used');
  });

  it('is read once for all who ask for pools within a minute', async () => {
    const mirrored = new Mirrored();
    await mirrored.mirror.pools();
    await mirrored.mirror.pools();
    expect(mirrored.readings).toBe(1);
    mirrored.platform.clock.advance(60_000);
    await mirrored.mirror.pools();
    expect(mirrored.readings).toBe(2);
  });
});

function deployment(revision: number): AppDeployment {
  const { requirements: _built, env: _set, ...spec } = appSpec();
  return {
    app: APP,
    spec,
    taskDefinition: `arn:aws:ecs:us-east-1:1:task-definition/app:${revision}`,
    queueUrl: 'https://queue.test',
    pools: ['gpu'],
    gpus: 1,
    cpu: 1024,
    memoryMiB: 1024,
  };
}
