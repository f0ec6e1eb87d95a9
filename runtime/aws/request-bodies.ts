/** Inputs and responses of requests: beside the head while that costs nothing, else as items of their own. */
import { randomBytes } from 'node:crypto';
import { TABLE } from '../aws-layout';
import type { Body, RequestInput, StoredResponse } from '../ports';
import type { DynamoTable, Item } from './dynamo-table';
import { itemSize } from './item-size';
import { packed, unpacked } from './packed';
import { HEAD, partsPartition } from './request-item';

/** A write is paid by the KB. */
const UNIT_BYTES = 1_024;

/** What a head grows by until it ends: lease, outcome, times. */
const GROWTH_BYTES = 120;

/** An item of its own costs as much as one more KB beside the head, and a round trip. */
const INLINE_RESPONSE_BYTES = UNIT_BYTES;

/** Inputs that lie apart outlast the wait in the queue and the retention of the result. */
const INPUT_DAYS = 90;

export class RequestBodies {
  constructor(private readonly table: DynamoTable) {}

  /** Attributes of the head's item that hold the input or say where it is; what lies apart is stored on return. */
  async keepInput(id: string, head: Item, { body, ...input }: RequestInput, now: number): Promise<Item> {
    const stored = packedBody(input, body);
    if (itemSize({ ...head, [HEAD.input]: { B: stored } }) + GROWTH_BYTES <= UNIT_BYTES) {
      return { [HEAD.input]: { B: stored } };
    }
    return { [HEAD.inputKey]: { S: await this.keepApart(id, 'input', stored, now + INPUT_DAYS * 86_400_000) } };
  }

  /** As `keepInput`. A response whose head is refused afterwards can't be read: nothing names it. */
  async keepResponse(id: string, { body, ...response }: StoredResponse, expiresAt: number): Promise<Item> {
    const stored = packedBody(response, body);
    if (stored.length <= INLINE_RESPONSE_BYTES) return { [HEAD.response]: { B: stored } };
    return { [HEAD.responseKey]: { S: await this.keepApart(id, 'response', stored, expiresAt) } };
  }

  async input(id: string, head: Item): Promise<RequestInput | undefined> {
    const stored = await this.stored(id, head[HEAD.input]?.B, head[HEAD.inputKey]?.S);
    return stored && (unpackedBody(stored) as RequestInput);
  }

  async response(id: string, head: Item): Promise<StoredResponse | undefined> {
    const stored = await this.stored(id, head[HEAD.response]?.B, head[HEAD.responseKey]?.S);
    return stored && (unpackedBody(stored) as StoredResponse);
  }

  async forgetInput(id: string, head: Item): Promise<void> {
    const apart = head[HEAD.inputKey]?.S;
    if (apart !== undefined) await this.table.remove({ pk: partsPartition(id), sk: apart });
  }

  /** The name is new each time: who loses a race for the head must not overwrite what the winner stored. */
  private async keepApart(id: string, kind: string, stored: Uint8Array, expiresAt: number): Promise<string> {
    const sk = `${kind}#${randomBytes(6).toString('base64url')}`;
    const ttl = { N: String(Math.ceil(expiresAt / 1000)) };
    await this.table.put({ pk: partsPartition(id), sk }, { [BODY]: { B: stored }, [TABLE.timeToLive]: ttl });
    return sk;
  }

  private async stored(id: string, inline?: Uint8Array, apart?: string): Promise<Uint8Array | undefined> {
    if (inline !== undefined || apart === undefined) return inline;
    return (await this.table.get({ pk: partsPartition(id), sk: apart }))?.[BODY]?.B;
  }
}

const BODY = 'b';

function packedBody(record: object, body: Body): Uint8Array {
  return 'bytes' in body ? packed(record, body.bytes) : packed({ ...record, blob: body.blob });
}

function unpackedBody(stored: Uint8Array): object {
  const { record, bytes } = unpacked(stored);
  const { blob, ...rest } = record as { readonly blob?: string };
  return { ...rest, body: blob === undefined ? { bytes } : { blob } };
}
