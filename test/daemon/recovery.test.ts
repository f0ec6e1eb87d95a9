import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recover } from '../../daemon/recovery';
import { openStores, type Stores } from '../../daemon/stores';
import { startBackOff } from '../../runtime/domain/start-back-off';
import { RequestQueue } from '../../runtime/queue/request-queue';
import { exampleApp } from '../contract/example-app';
import { readyRunner, runnerRecord } from '../support/records';

const APP = exampleApp();

let folder: string;
let stores: Stores;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recovery-'));
  stores = await openStores(folder);
  await stores.apps.put(APP);
});
afterEach(async () => {
  stores.close();
  await rm(folder, { recursive: true });
});

function recovered(served: readonly string[]): Promise<void> {
  const queue = new RequestQueue({ store: stores.requests, doorbell: stores.doorbell, clock: stores.clock });
  return recover(stores, queue, served);
}

test('the runners of a former platform are written off, which delays no start', async () => {
  const ready = { ...readyRunner(Date.now()), id: 'ready', app: APP.id };
  await stores.runners.create(ready);
  await stores.runners.joinReady(APP.id, ready.revision, ready.id);
  await stores.runners.create(runnerRecord({ id: 'starting', app: APP.id, state: 'SETUP' }));
  await recovered([APP.id]);
  const runners = await stores.runners.list(APP.id, 0);
  expect(runners.map(({ state }) => state)).toEqual(['TERMINATED', 'TERMINATED']);
  expect((await stores.runners.readySet(APP.id, ready.revision)).runners).toEqual([]);
  expect(startBackOff(runners)).toEqual({ failedStarts: 0, until: 0 });
});

test('apps that are no longer served are forgotten', async () => {
  await recovered([]);
  expect(await stores.apps.list()).toEqual([]);
});
