/** Addresses of gateways that have a caller's WebSocket, beside the request whose runner looks for it. */
import { TABLE } from '../aws-layout';
import type { Clock, RelayAddress, RelayAddresses } from '../ports';
import type { DynamoTable, ItemKey } from './dynamo-table';
import { partsPartition } from './request-item';

/** Longer than a caller waits: what a gateway that broke down left behind goes by itself. */
const KEPT_MS = 7 * 86_400_000;

const URL = 'url';
const SECRET = 'secret';

export class DynamoRelayAddresses implements RelayAddresses {
  constructor(
    private readonly table: DynamoTable,
    private readonly clock: Clock,
  ) {}

  async put(request: string, { url, secret }: RelayAddress): Promise<void> {
    const ttl = Math.ceil((this.clock.now() + KEPT_MS) / 1000);
    await this.table.put(keyOf(request), {
      [URL]: { S: url },
      [SECRET]: { S: secret },
      [TABLE.timeToLive]: { N: String(ttl) },
    });
  }

  async get(request: string): Promise<RelayAddress | undefined> {
    const item = await this.table.get(keyOf(request));
    const [url, secret] = [item?.[URL]?.S, item?.[SECRET]?.S];
    return url === undefined || secret === undefined ? undefined : { url, secret };
  }

  async remove(request: string): Promise<void> {
    await this.table.remove(keyOf(request));
  }
}

function keyOf(request: string): ItemKey {
  return { pk: partsPartition(request), sk: 'relay' };
}
