/** Submits requests until it is killed, and prints the id of each one that was accepted. */
import { writeSync } from 'node:fs';
import { v7 as uuidv7 } from 'uuid';
import { submitted } from '../../../../runtime/domain/request';
import { Database } from '../../../../runtime/local/database';
import { SqliteRequestStore } from '../../../../runtime/local/request-store';

const [, , folder = ''] = process.argv;
const store = new SqliteRequestStore(Database.open(folder), { remove: async () => undefined });

async function submit(): Promise<void> {
  const id = uuidv7();
  const head = submitted({
    id,
    app: 'owner/app',
    path: '/',
    mode: 'queue',
    caller: '',
    priority: 'normal',
    submittedAt: Date.now(),
    retry: {},
  });
  await store.create(head, { method: 'POST', target: '/', headers: {}, body: { bytes: Buffer.from(id) } });
  // Synchronous: what was written has left this process, even if it is killed now.
  writeSync(1, `${id}\n`);
  await submit();
}

for (let concurrent = 0; concurrent < 8; concurrent++) void submit();
