import { Pokes } from '../../lambda/pokes';
import type { ControlMessage } from '../../runtime/aws-messages';
import { exampleApp } from '../contract/example-app';
import { ManualClock, MemoryRequestStore, MemoryRunnerRegistry } from '../support/memory-stores';
import { submitted } from '../../runtime/domain/request';

const app = exampleApp();
const POKE = { kind: 'poke', app: app.id };

let clock: ManualClock;
let runners: MemoryRunnerRegistry;
let requests: MemoryRequestStore;
let sent: ControlMessage[];
let pokes: Pokes;
let ids: number;

beforeEach(() => {
  ids = 0;
  sent = [];
  clock = new ManualClock();
  runners = new MemoryRunnerRegistry();
  requests = new MemoryRequestStore();
  pokes = new Pokes({ requests, runners, clock, send: async (message) => void sent.push(message) });
});

/** A request that waits, of which the gateway then tells. */
async function submit(): Promise<void> {
  const head = submitted({
    ...{ id: `request-${ids++}`, app: app.id, path: '/', mode: 'queue', caller: '', priority: 'normal' },
    ...{ submittedAt: clock.now(), retry: {} },
  });
  await requests.create(head, { method: 'POST', target: '/', headers: {}, body: { bytes: new Uint8Array() } });
  await pokes.submitted(app);
}

const ready = async (...ids: readonly string[]): Promise<void> => {
  for (const id of ids) await runners.joinReady(app.id, app.revision, id);
};

test('a request that finds no runner pokes the controller', async () => {
  await submit();
  expect(sent).toEqual([POKE]);
});

test('an app that was changed does, whoever is free', async () => {
  await ready('one');
  await pokes.changed(app.id);
  expect(sent).toEqual([POKE]);
});

test('a request that finds a free runner does not', async () => {
  await ready('one');
  await submit();
  expect(sent).toEqual([]);
});

test('the controller is poked once in a second however many requests come', async () => {
  await Promise.all([submit(), submit(), submit()]);
  clock.advance(999);
  await submit();
  expect(sent).toEqual([POKE]);
  clock.advance(1);
  await submit();
  expect(sent).toEqual([POKE, POKE]);
});

test('requests that come together are counted against the free runners', async () => {
  await ready('one', 'two');
  await submit();
  await submit();
  expect(sent).toEqual([]);
  await submit();
  expect(sent).toEqual([POKE]);
});

test('runners of another revision are not counted on', async () => {
  await runners.joinReady(app.id, 'old', 'one');
  await submit();
  expect(sent).toEqual([POKE]);
});

test('a request behind others that wait pokes the controller', async () => {
  await ready('one');
  await submit();
  clock.advance(1_000);
  await submit();
  expect(sent).toEqual([POKE]);
});
