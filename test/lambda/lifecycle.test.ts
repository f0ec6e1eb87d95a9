import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANSWER_MS, answerCustomResource } from '../../lambda/custom-resource';
import { lifecycleWork } from '../../lambda/lifecycle-work';
import { Teardown } from '../../lambda/teardown';
import { Verification } from '../../lambda/verification';
import { AppChanges } from '../../runtime/apps/app-changes';
import { ControlledPlatform } from '../support/controlled-platform';
import { APP, appSpec } from '../support/records';

const MINUTE = 60_000;

/** An account whose tasks are the runners that the fleet launched. */
class Account {
  readonly platform = new ControlledPlatform();
  readonly changes = new AppChanges(this.platform.apps, this.platform.clock);
  readonly stopped: string[] = [];
  readonly machines = new Map<string, 'present' | 'ending'>();
  readonly deleted: string[] = [];
  /** Told of every look, when a test plays agents and controller. */
  whileWaiting: () => Promise<void> = () => Promise.resolve();
  /** Tasks that do not stop. */
  stubborn = false;

  private readonly sleep = async (ms: number): Promise<void> => {
    this.platform.clock.advance(ms);
    for (const [machine, state] of this.machines) if (state === 'ending') this.machines.delete(machine);
    await this.whileWaiting();
  };

  private readonly stores = {
    apps: this.platform.apps,
    requests: this.platform.requests,
    queue: this.platform.queue,
    registry: this.platform.registry,
    clock: this.platform.clock,
  };

  readonly teardown = new Teardown({
    ...this.stores,
    changes: this.changes,
    sleep: this.sleep,
    resources: {
      tasks: async () =>
        (await this.platform.fleet.list())
          .filter(({ running }) => running)
          .map(({ id }) => ({ arn: `task/${id}`, runner: id })),
      stopTask: async (arn) => {
        this.stopped.push(arn);
        if (!this.stubborn) this.platform.fleet.end(arn.slice('task/'.length), 'stopped');
      },
      machines: async () => ({ present: this.machinesIn('present'), ending: this.machinesIn('ending') }),
      terminate: async (machine) => void this.machines.set(machine, 'ending'),
      deleteSecrets: async () => void this.deleted.push('secrets'),
      emptyBucket: async () => void this.deleted.push('objects'),
    },
  });

  readonly verification = new Verification({ ...this.stores, changes: this.changes, sleep: this.sleep });

  get deadline(): number {
    return this.platform.clock.now() + 14 * MINUTE;
  }

  /** An app with a READY runner. */
  async serving(): Promise<string> {
    await this.platform.deploy({ min_concurrency: 1, request_timeout: 60 });
    await this.platform.controller.tick();
    const runner = await this.platform.onlyRunner();
    await this.platform.becomeReady(runner);
    return runner.id;
  }

  private machinesIn(state: 'present' | 'ending'): readonly string[] {
    return [...this.machines].filter(([, current]) => current === state).map(([machine]) => machine);
  }
}

describe('the teardown of an app', () => {
  it('lets runners finish: their tasks are not stopped', async () => {
    const account = new Account();
    const runner = await account.serving();
    account.whileWaiting = async () => {
      const record = await account.platform.registry.get(runner);
      if (record?.drain !== undefined) await account.platform.leave(record, 'retired', 'drained');
    };
    await account.teardown.app(APP, account.deadline);
    expect(account.stopped).toEqual([]);
    expect(await account.platform.apps.get(APP)).toBeUndefined();
  });

  it('stops what does not leave by itself, also without a controller', async () => {
    const account = new Account();
    const runner = await account.serving();
    await account.teardown.app(APP, account.deadline);
    expect(account.stopped).toContain(`task/${runner}`);
  });

  it('leaves the runners of other apps alone', async () => {
    const account = new Account();
    await account.serving();
    await account.platform.deploy({ min_concurrency: 1 }, 'r1', 'local/other');
    await account.platform.controller.tick();
    const [other] = await account.platform.runners('local/other');
    await account.teardown.app(APP, account.deadline);
    expect(account.stopped).not.toContain(`task/${other?.id ?? ''}`);
    expect(await account.platform.apps.get('local/other')).toBeDefined();
  });

  it('ends the wait of callers whose requests nobody will take up', async () => {
    const account = new Account();
    await account.platform.deploy({});
    const waiting = await Promise.all(Array.from({ length: 250 }, () => account.platform.submit()));
    await account.teardown.app(APP, account.deadline);
    const heads = await Promise.all(waiting.map((id) => account.platform.requests.get(id)));
    expect(heads.every((head) => head?.state === 'COMPLETED')).toBe(true);
  });

  it('fails with a reason in time when a task does not stop, and can be repeated', async () => {
    const account = new Account();
    await account.serving();
    account.stubborn = true;
    const { deadline } = account;
    await expect(account.teardown.app(APP, deadline)).rejects.toThrow(/have not ended yet: delete the stack again/);
    expect(account.platform.clock.now()).toBeLessThanOrEqual(deadline);
    account.stubborn = false;
    await account.teardown.app(APP, account.deadline);
    expect(await account.platform.apps.get(APP)).toBeUndefined();
  });

  it('of an app that never came to be does nothing', async () => {
    const account = new Account();
    await account.teardown.app(APP, account.deadline);
    expect(account.stopped).toEqual([]);
  });

  it('closes the gate first: the controller launches nothing more', async () => {
    const account = new Account();
    await account.serving();
    let launched = 0;
    account.whileWaiting = async () => {
      await account.platform.submit();
      await account.platform.controller.tick();
      launched = Math.max(launched, (await account.platform.runners()).length);
    };
    await account.teardown.app(APP, account.deadline);
    expect(launched).toBe(1);
  });
});

describe('the teardown of a pool', () => {
  it('ends its machines and waits until they are gone', async () => {
    const account = new Account();
    account.machines.set('i-1', 'present').set('i-2', 'present');
    await account.teardown.pool('gpu', account.deadline);
    expect(account.machines.size).toBe(0);
  });
});

describe('the teardown of a platform', () => {
  it('ends all apps, stops what runs and takes away what CloudFormation does not know', async () => {
    const account = new Account();
    await account.serving();
    await account.platform.fleet.launch({ ...(await account.platform.onlyRunner()), id: 'a runner of no app' });
    await account.teardown.platform(account.deadline);
    expect(account.stopped).toContain('task/a runner of no app');
    expect(await account.platform.apps.list()).toEqual([]);
    expect(account.deleted).toEqual(['secrets', 'objects']);
  });
});

describe('a verification', () => {
  const request = (number: number): Parameters<Verification['verify']>[0] => ({
    kind: 'verify',
    app: APP,
    taskDefinition: `arn:aws:ecs:us-east-1:1:task-definition/app:${number}`,
  });
  const deploy = (account: Account, revision: string): Promise<unknown> =>
    account.changes.deploy({ id: APP, revision, spec: appSpec() });

  it('starts a runner although nobody asks for one, and ends when it was READY', async () => {
    const account = new Account();
    await deploy(account, '1');
    account.whileWaiting = async () => {
      await account.platform.controller.tick();
      for (const runner of await account.platform.registry.list(APP)) await account.platform.becomeReady(runner);
    };
    await account.verification.verify(request(1), account.deadline);
    expect((await account.platform.apps.get(APP))?.readyAt).toBeDefined();
  });

  it('fails with the reason of the start that failed', async () => {
    const account = new Account();
    await deploy(account, '1');
    account.whileWaiting = async () => {
      await account.platform.controller.tick();
      for (const runner of await account.platform.registry.list(APP))
        await account.platform.leave(runner, 'startup_failed', 'no module named torch');
    };
    await expect(account.verification.verify(request(1), account.deadline)).rejects.toThrow(
      `Revision 1 of ${APP} did not start: no module named torch`,
    );
  });

  it('says what the runner waits for when the time is up', async () => {
    const account = new Account();
    await deploy(account, '1');
    account.whileWaiting = () => account.platform.controller.tick();
    const { deadline } = account;
    await expect(account.verification.verify(request(1), deadline)).rejects.toThrow(/was READY in time: it is PENDING/);
    expect(account.platform.clock.now()).toBeLessThanOrEqual(deadline);
  });

  it('waits for a deployment that nobody has taken over yet', async () => {
    const account = new Account();
    await expect(account.verification.verify(request(1), account.deadline)).rejects.toThrow(/has not taken over/);
  });

  it('of a revision that went before never fails: CloudFormation goes back to it', async () => {
    const account = new Account();
    await deploy(account, '1');
    await deploy(account, '2');
    await account.verification.verify(request(1), account.deadline);
  });
});

const NO_IMAGES = {
  images: { build: () => Promise.reject(new Error('Nobody asked for images')) },
  callAgain: () => Promise.reject(new Error('Nobody asked for another call')),
};

describe('a custom resource', () => {
  const event = (over: Partial<CloudFormationCustomResourceEvent>): CloudFormationCustomResourceEvent =>
    ({
      RequestType: 'Create',
      ResponseURL: 'https://response.test/',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Teardown',
      ResourceType: 'Custom::ServerlessGpuTeardown',
      ServiceToken: 'token',
      ResourceProperties: { ServiceToken: 'token', kind: 'app', app: APP },
      ...over,
    }) as CloudFormationCustomResourceEvent;

  const answerTo = async (
    asked: CloudFormationCustomResourceEvent,
    {
      account = new Account(),
      teardown = account.teardown,
      timeLeft = 15 * MINUTE,
    }: { readonly account?: Account; readonly teardown?: Teardown; readonly timeLeft?: number },
  ): Promise<CloudFormationCustomResourceResponse> => {
    const answers: CloudFormationCustomResourceResponse[] = [];
    const { clock } = account.platform;
    const workOf = lifecycleWork({
      changes: account.changes,
      teardown,
      verification: account.verification,
      ...NO_IMAGES,
    });
    await answerCustomResource(
      asked,
      { getRemainingTimeInMillis: () => timeLeft },
      { workOf, clock, respond: async (_, answer) => void answers.push(answer), onError: () => undefined },
    );
    expect(answers).toHaveLength(1);
    return answers[0]!;
  };

  it('is created by doing nothing', async () => {
    expect(await answerTo(event({}), {})).toEqual({
      Status: 'SUCCESS',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Teardown',
      PhysicalResourceId: `app/${APP}`,
    });
  });

  it('keeps its id on deletion', async () => {
    const deleted = event({ RequestType: 'Delete', PhysicalResourceId: 'whatever' });
    expect(await answerTo(deleted, {})).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'whatever' });
  });

  it('that fails says why', async () => {
    const account = new Account();
    await account.serving();
    account.stubborn = true;
    const deleted = event({ RequestType: 'Delete', PhysicalResourceId: 'id' });
    expect(await answerTo(deleted, { account, timeLeft: 14 * MINUTE })).toMatchObject({
      Status: 'FAILED',
      Reason: `Runners of ${APP} have not ended yet: delete the stack again`,
    });
  });

  it('answers before the time is up whatever its work does', async () => {
    const forever = { app: () => new Promise<never>(() => undefined) } as unknown as Teardown;
    const deleted = event({ RequestType: 'Delete', PhysicalResourceId: 'id' });
    const answer = await answerTo(deleted, { teardown: forever, timeLeft: ANSWER_MS + 20 });
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('Time is up') as string });
  });

  it.each([{}, { kind: 'nothing' }])('that asks for %j fails', async (properties) => {
    const asked = event({ ResourceProperties: { ServiceToken: 'token', ...properties } });
    expect(await answerTo(asked, {})).toMatchObject({ Status: 'FAILED' });
  });

  it('is answered by a PUT without a content type, again when that fails', async () => {
    const seen: { method: string | undefined; type: string | undefined; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ method: request.method, type: request.headers['content-type'], body });
        response.writeHead(seen.length === 1 ? 503 : 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const ResponseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const account = new Account();
    const { changes, teardown, verification } = account;
    const workOf = lifecycleWork({ changes, teardown, verification, ...NO_IMAGES });
    const time = { getRemainingTimeInMillis: () => 15 * MINUTE };
    await answerCustomResource(event({ ResponseURL }), time, {
      workOf,
      clock: account.platform.clock,
      onError: () => undefined,
    });
    server.close();
    expect(seen.map(({ method, type }) => [method, type])).toEqual([
      ['PUT', undefined],
      ['PUT', undefined],
    ]);
    expect(JSON.parse(seen[1]?.body ?? '')).toMatchObject({ Status: 'SUCCESS' });
  });
});
