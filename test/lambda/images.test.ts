/** Images that CodeBuild builds while CloudFormation waits. */
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { ANSWER_MS, answerCustomResource } from '../../lambda/custom-resource';
import { Images, type Build, type Builds } from '../../lambda/images';
import { lifecycleWork, type ContinuedEvent } from '../../lambda/lifecycle-work';

const MINUTE = 60_000;

/** A function that is called again as Lambda does, and builds that end at a time. */
class Deployment implements Builds {
  now = 0;
  readonly started: string[] = [];
  readonly answers: CloudFormationCustomResourceResponse[] = [];
  calls = 0;

  constructor(
    private readonly minutes: number,
    private readonly end: Build = { status: 'succeeded' },
    private readonly printed: readonly string[] = [],
  ) {}

  start(project: string): Promise<string> {
    this.started.push(project);
    return Promise.resolve(`${project}:1`);
  }

  get(): Promise<Build> {
    return Promise.resolve(this.now < this.minutes * MINUTE ? { status: 'running' } : this.end);
  }

  lastLines(): Promise<readonly string[]> {
    return Promise.resolve(this.printed);
  }

  async call(event: ContinuedEvent): Promise<void> {
    this.calls += 1;
    const clock = { now: () => this.now };
    const sleep = (ms: number): Promise<void> => Promise.resolve(void (this.now += ms));
    const unused = () => Promise.reject(new Error('Nobody asked for it'));
    let next: ContinuedEvent | undefined;
    const workOf = lifecycleWork({
      changes: { reopen: unused },
      teardown: { app: unused, pool: unused, platform: unused },
      verification: { verify: unused },
      images: new Images({ builds: this, clock, sleep }),
      callAgain: (again) => Promise.resolve(void (next = again)),
    });
    await answerCustomResource(
      event,
      { getRemainingTimeInMillis: () => 15 * MINUTE },
      {
        workOf,
        clock,
        respond: (_, answer) => Promise.resolve(void this.answers.push(answer)),
        onError: () => undefined,
      },
    );
    if (next !== undefined) await this.call(next);
  }
}

const asked = (RequestType: string): CloudFormationCustomResourceEvent =>
  ({
    RequestType,
    ResponseURL: 'https://response.test/',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Built',
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: 'images/sgpu-p-app' }),
    ResourceProperties: { ServiceToken: 'token', kind: 'images', project: 'sgpu-p-app', tags: ['agent-1', 'app-1'] },
  }) as unknown as CloudFormationCustomResourceEvent;

test.each(['Create', 'Update'])('%s waits for the build and succeeds with it', async (type) => {
  const deployment = new Deployment(5);
  await deployment.call(asked(type));
  expect(deployment.started).toEqual(['sgpu-p-app']);
  expect(deployment.answers).toEqual([
    expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: 'images/sgpu-p-app' }),
  ]);
});

test('a build that takes longer than a function is waited for by the next call, and started once', async () => {
  const deployment = new Deployment(40);
  await deployment.call(asked('Create'));
  expect(deployment.calls).toBe(Math.ceil((40 * MINUTE) / (15 * MINUTE - ANSWER_MS)));
  expect(deployment.started).toHaveLength(1);
  expect(deployment.answers.map(({ Status }) => Status)).toEqual(['SUCCESS']);
});

test('a build that fails says where its log is, and how it ends', async () => {
  const failed: Build = { status: 'failed', phase: 'BUILD', logUrl: 'https://logs.test/1' };
  const deployment = new Deployment(1, failed, [
    ...Array<string>(50).fill('Downloading torch'),
    'No space left on device',
  ]);
  await deployment.call(asked('Create'));
  const [answer] = deployment.answers;
  expect(answer).toMatchObject({ Status: 'FAILED' });
  const { Reason } = answer as { readonly Reason: string };
  expect(Reason).toMatch(/^Build sgpu-p-app:1 failed in BUILD, see https:\/\/logs\.test\/1\n/);
  expect(Reason).toMatch(/No space left on device$/);
  expect(Reason.length).toBeLessThanOrEqual(1_000);
});

test('a deletion starts no build', async () => {
  const deployment = new Deployment(1);
  await deployment.call(asked('Delete'));
  expect(deployment.started).toEqual([]);
  expect(deployment.answers).toMatchObject([{ Status: 'SUCCESS' }]);
});
