import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { appTag } from '../../../runtime/domain/tagged-id';
import { type SqsDoorbellOptions, SqsDoorbell } from '../../../runtime/aws/doorbell';
import { describeDoorbell } from '../../contract/doorbell';
import { eventually } from '../../contract/eventually';
import { type AwsEmulator, clientOf, startAwsEmulator } from '../../support/aws-emulator';

/** Longer than the queue hides a message. */
const PATIENCE_MS = 30_000;

let emulator: AwsEmulator;
let client: SQSClient;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  client = new SQSClient(clientOf(emulator));
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

const queueName = (app: string): string => app.replace('/', '-');
const queueUrl = (app: string): string => `${emulator.endpoint}/123456789012/${queueName(app)}`;

async function createQueue(app: string, Attributes: Record<string, string> = {}): Promise<void> {
  await client.send(new CreateQueueCommand({ QueueName: queueName(app), Attributes }));
}

describeDoorbell('SqsDoorbell', async () => ({
  doorbell: new SqsDoorbell({ client, queueUrl, log: { error: () => undefined } }),
  prepare: (app) => createQueue(app),
  close: () => Promise.resolve(),
}));

describe('the queue of an app', () => {
  type Adopted = Parameters<NonNullable<SqsDoorbellOptions['adopt']>>[1];

  let app: string;
  let adopted: Adopted[];
  let errors: string[];
  let doorbell: SqsDoorbell;
  let apps = 0;

  beforeEach(async () => {
    app = `owner/app-${apps++}`;
    adopted = [];
    errors = [];
    doorbell = new SqsDoorbell({
      client,
      queueUrl,
      adopt: async (_, message) => void adopted.push(message),
      log: { error: (message, error) => void errors.push(`${message}: ${String(error)}`) },
    });
    await createQueue(`${app}-dead`);
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:123456789012:${queueName(app)}-dead`;
    await createQueue(app, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }) });
  });

  const send = (MessageBody: string, path?: string): Promise<unknown> =>
    client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl(app),
        MessageBody,
        ...(path && { MessageAttributes: { path: { DataType: 'String', StringValue: path } } }),
      }),
    );

  const left = async (): Promise<number> => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl(app), AttributeNames: [...AttributeNames] });
    const { Attributes = {} } = await client.send(command);
    return AttributeNames.reduce((total, name) => total + Number(Attributes[name]), 0);
  };

  test.each([
    ['plain JSON', { prompt: 'a cat' }],
    ['an event of S3', { Records: [{ eventSource: 'aws:s3', s3: { object: { key: 'cat.png' } } }] }],
    ['an event of EventBridge', { 'detail-type': 'Scheduled Event', detail: {} }],
  ])('%s is a request of the app', async (_, content) => {
    await send(JSON.stringify(content));
    expect(await doorbell.wait(app, PATIENCE_MS)).toBe(true);
    expect(adopted).toHaveLength(1);
    expect(adopted[0]).toMatchObject({ path: '/', id: expect.stringMatching(new RegExp(`${appTag(app)}$`)) });
    expect(JSON.parse(Buffer.from(adopted[0]!.body).toString())).toEqual(content);
    await eventually(async () => {
      expect(await left()).toBe(0);
    });
  });

  test('a message may name the endpoint it is for', async () => {
    await send('{}', '/predict');
    await doorbell.wait(app, PATIENCE_MS);
    expect(adopted).toMatchObject([{ path: '/predict' }]);
  });

  test('a message that comes twice makes the same request', async () => {
    const failing = new SqsDoorbell({
      client,
      queueUrl,
      adopt: async (_, message) => {
        adopted.push(message);
        if (adopted.length === 1) throw new Error('not now');
      },
      log: { error: (message) => void errors.push(message) },
    });
    await createQueue(`${app}-again`);
    app = `${app}-again`;
    await send('{}');
    expect(await failing.wait(app, PATIENCE_MS)).toBe(true);
    expect(adopted).toHaveLength(2);
    expect(adopted[1]).toEqual(adopted[0]);
    expect(errors).toHaveLength(1);
  });

  test.each([
    ['no JSON', 'hello', undefined],
    ['for no path', '{}', 'predict me'],
  ])('what is %s goes to the dead-letter queue, with its reason in the log', async (_, body, path) => {
    await send(body, path);
    const abort = new AbortController();
    const waiting = doorbell.wait(app, PATIENCE_MS, abort.signal);
    await eventually(async () => {
      const dead = new ReceiveMessageCommand({ QueueUrl: queueUrl(`${app}-dead`), WaitTimeSeconds: 1 });
      expect((await client.send(dead)).Messages).toMatchObject([{ Body: body }]);
    }, PATIENCE_MS);
    abort.abort();
    expect(await waiting).toBe(false);
    expect(adopted).toEqual([]);
    expect(errors).toEqual([expect.stringMatching(/is no request \(received 1 times\): .*(JSON|no path)/)]);
  });

  test('the test message of S3 is no request', async () => {
    await send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }));
    await doorbell.ring(app);
    expect(await doorbell.wait(app, PATIENCE_MS)).toBe(true);
    await eventually(async () => {
      expect(await left()).toBe(0);
    });
    expect(adopted).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('who came last is woken first', async () => {
    const order: string[] = [];
    const waits = ['first', 'second'].map(async (name) => {
      await doorbell.wait(app, PATIENCE_MS);
      order.push(name);
    });
    await doorbell.ring(app);
    await waits[1];
    await doorbell.ring(app);
    await waits[0];
    expect(order).toEqual(['second', 'first']);
  });

  test('a bell that can’t be rung or heard is reported and fails nobody', async () => {
    await doorbell.ring('owner/nobody', 12);
    expect(errors).toHaveLength(2);
    expect(await doorbell.wait('owner/nobody', 100)).toBe(false);
  });
});
