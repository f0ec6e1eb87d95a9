import { CreateTableCommand, DynamoDBClient, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { ControllerLease, EVERYTHING } from '../../../runtime/aws/controller-lease';
import { TABLE } from '../../../runtime/aws-layout';
import { clientOf, startAwsEmulator, type AwsEmulator } from '../../support/aws-emulator';
import { ManualClock } from '../../support/memory-stores';

const SECONDS = 1_000;

describe('the controller’s lease', () => {
  let emulator: AwsEmulator;
  let client: DynamoDBClient;
  const clock = new ManualClock();
  let names = 0;
  let name: string;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    client = new DynamoDBClient(clientOf(emulator));
    await client.send(
      new CreateTableCommand({
        TableName: 'table',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
          { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: TABLE.partitionKey, AttributeType: 'S' },
          { AttributeName: TABLE.sortKey, AttributeType: 'S' },
        ],
      }),
    );
  });
  beforeEach(() => {
    name = `lease-${names++}`;
  });
  afterAll(async () => {
    client.destroy();
    await emulator.stop();
  });

  const leaseOf = (holder: string, through: Pick<DynamoDBClient, 'send'> = client): ControllerLease =>
    new ControllerLease({ client: through, table: 'table', clock, name, holder });
  const soon = (): number => clock.now() + 60 * SECONDS;

  it('has one holder at a time, and each taking a higher generation', async () => {
    const takers = ['a', 'b', 'c', 'd', 'e'].map((holder) => leaseOf(holder).take(soon(), [EVERYTHING]));
    const held = (await Promise.all(takers)).filter((lease) => lease !== undefined);
    expect(held).toHaveLength(1);
    const first = defined(held[0]);
    await leaseOf('z').abandon(first);
    expect((await leaseOf('z').take(soon(), [EVERYTHING]))?.generation).toBe(first.generation + 1);
  });

  it('is not let go before the holder has seen what was asked for meanwhile', async () => {
    const holder = leaseOf('a');
    const held = defined(await holder.take(soon(), [EVERYTHING]));
    expect(await leaseOf('b').take(soon(), ['owner/one'])).toBeUndefined();
    expect(await leaseOf('c').take(soon(), ['owner/two', 'owner/one'])).toBeUndefined();
    const heldOn = defined(await holder.release(held));
    expect([...heldOn.wanted].sort()).toEqual(['owner/one', 'owner/two']);
    expect(await leaseOf('b').take(soon(), ['owner/three'])).toBeUndefined();
    const again = defined(await holder.release(heldOn));
    expect(again.wanted).toEqual(['owner/three']);
    expect(await holder.release(again)).toBeUndefined();
    expect(await leaseOf('b').take(soon(), [])).toMatchObject({ wanted: [] });
  });

  it('loses no word, however asking and letting go interleave', async () => {
    const asked = Array.from({ length: 20 }, (_, number) => `owner/app-${number}`);
    const seen = new Set<string>();
    await Promise.all(
      asked.map(async (app) => {
        const lease = leaseOf(app);
        let held = await lease.take(soon(), [app]);
        if (held !== undefined) seen.add(app);
        while (held !== undefined) {
          for (const word of held.wanted) seen.add(word);
          held = await lease.release(held);
        }
      }),
    );
    expect([...seen].sort()).toEqual([...asked].sort());
  });

  it('of a holder that died ends by itself, and the next is told what was asked for', async () => {
    await leaseOf('dead').take(clock.now() + 10 * SECONDS, [EVERYTHING]);
    await leaseOf('b').take(soon(), ['owner/one']);
    clock.advance(10 * SECONDS);
    const next = defined(await leaseOf('c').take(soon(), []));
    expect(next.wanted).toEqual(['owner/one']);
    expect(next.before).toBeUndefined();
  });

  it('that was taken over meanwhile can’t be let go by its former holder', async () => {
    const slow = leaseOf('slow');
    const lost = defined(await slow.take(clock.now() + 1, []));
    clock.advance(1);
    await leaseOf('b').take(soon(), []);
    expect(await slow.release(lost)).toBeUndefined();
    await slow.abandon(lost);
    expect(await leaseOf('c').take(soon(), ['owner/one'])).toBeUndefined();
  });

  it('names who held it before and when that one let go', async () => {
    const held = defined(await leaseOf('a').take(soon(), []));
    const at = clock.now();
    await leaseOf('a').release(held);
    clock.advance(5 * SECONDS);
    expect((await leaseOf('b').take(soon(), []))?.before).toEqual({ holder: 'a', at });
  });

  it('passes on what its holder leaves undone', async () => {
    const held = defined(await leaseOf('a').take(soon(), []));
    await leaseOf('a').abandon(held, ['owner/late']);
    expect((await leaseOf('b').take(soon(), []))?.wanted).toEqual(['owner/late']);
  });

  it('is found to be one’s own when the answer to a write was lost, with everything to do', async () => {
    const holder = leaseOf('a', repeating(client));
    const held = defined(await holder.take(soon(), ['owner/one']));
    expect(held).toEqual({ generation: 1, wanted: [EVERYTHING] });
    await leaseOf('b').take(soon(), ['owner/two']);
    const heldOn = defined(await holder.release(held));
    expect(heldOn.wanted).toEqual([EVERYTHING]);
    expect(await holder.release(heldOn)).toBeUndefined();
    expect(await leaseOf('b').take(soon(), [])).toBeDefined();
  });
});

/** Sends every write twice and shows the second answer: what the SDK's own retry does when the first was lost. */
function repeating(client: DynamoDBClient): Pick<DynamoDBClient, 'send'> {
  const send = async (command: UpdateItemCommand): Promise<unknown> => {
    await client.send(command).catch(() => undefined);
    return client.send(command);
  };
  return { send: send as DynamoDBClient['send'] };
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
