import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import {
  cancel,
  claim,
  complete,
  heartbeat,
  retry,
  submitted,
  webhookAttempted,
  type Fence,
  type NewRequest,
  type Outcome,
  type RequestHead,
} from '../../runtime/domain/request';
import { TaggedIds } from '../../runtime/domain/tagged-id';
import type { Body, Clock, RequestEvent, RequestInput, RequestStore, StoredEvent } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenRequestStore {
  readonly store: RequestStore;
  readonly clock: Clock;
  /** The store forgets expired requests without being told, so it need not list them. */
  readonly forgets?: boolean;
  readonly close: () => Promise<void>;
}

const LEASE_MS = 30_000;
const HOUR_MS = 3_600_000;
const SUCCESS: Outcome = { status: 200 };

/** What every `RequestStore` does. Each test works on an app of its own, so a store may hold other things too. */
export function describeRequestStore(name: string, open: () => Promise<OpenRequestStore>): void {
  describe(`${name} as a RequestStore`, () => {
    let opened: OpenRequestStore;
    let store: RequestStore;
    let app: string;
    const ids = new TaggedIds(randomBytes);

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    beforeEach(() => {
      app = `owner/app-${uuidv7()}`;
    });
    afterAll(() => opened.close());

    const newRequest = (over: Partial<NewRequest> = {}): RequestHead =>
      submitted({
        id: ids.next(app, Date.now()),
        app,
        path: '/predict',
        mode: 'queue',
        caller: 'someone',
        priority: 'normal',
        submittedAt: opened.clock.now(),
        retry: {},
        ...over,
      });

    const create = async (over: Partial<NewRequest> = {}, input = inputOf('{}')): Promise<RequestHead> => {
      const head = newRequest(over);
      expect(await store.create(head, input)).toBe(true);
      return head;
    };

    const replaced = async (next: RequestHead | undefined): Promise<RequestHead> => {
      if (next === undefined) throw new Error('The move is not allowed');
      expect(await store.replace(next)).toBe(true);
      return next;
    };

    const claimed = async (head: RequestHead, runner = 'runner-1'): Promise<RequestHead> =>
      replaced(claim(head, runner, opened.clock.now(), LEASE_MS));

    const completed = async (head: RequestHead, outcome = SUCCESS): Promise<RequestHead> => {
      const running = await claimed(head);
      return replaced(complete(running, fenceOf(running), outcome, opened.clock.now()));
    };

    describe('create', () => {
      test('a created request can be read back as it was', async () => {
        const head = await create({
          hint: 'lora-7',
          startDeadline: 1_900_000_000_123,
          webhookUrl: 'https://hook.test/',
        });
        expect(await store.get(head.id)).toEqual(head);
      });

      test('an id that is taken is refused and the first request stays', async () => {
        const first = await create({}, inputOf('first'));
        const second = { ...newRequest({ path: '/other' }), id: first.id };
        expect(await store.create(second, inputOf('second'))).toBe(false);
        expect(await store.get(first.id)).toEqual(first);
        expect(await textOfInput(store, first.id)).toBe('first');
      });

      test('of many concurrent creations of one id exactly one succeeds', async () => {
        const head = newRequest();
        const results = await Promise.all(Array.from({ length: 8 }, () => store.create(head, inputOf('same'))));
        expect(results.filter((result) => result)).toHaveLength(1);
        expect(await textOfInput(store, head.id)).toBe('same');
      });

      test('an unknown request is undefined', async () => {
        expect(await store.get(uuidv7())).toBeUndefined();
        expect(await store.input(uuidv7())).toBeUndefined();
        expect(await store.response(uuidv7())).toBeUndefined();
      });
    });

    describe('bodies', () => {
      const everyByte = Uint8Array.from({ length: 256 }, (_, n) => n);

      test('an input keeps its method, target, headers and every byte of its body', async () => {
        const headers = { 'content-type': 'application/json', 'x-name': 'ünïcode "quoted"' };
        const sent = { method: 'POST', target: '/predict?a=1&a=2', headers, body: { bytes: everyByte } };
        const head = await create({}, sent);
        const input = await store.input(head.id);
        expect({ ...input, body: undefined }).toEqual({ ...sent, body: undefined });
        expect(bytesOf(input?.body)).toEqual(Buffer.from(everyByte));
      });

      test('an empty body stays an empty body', async () => {
        const head = await create({}, { method: 'GET', target: '/', headers: {}, body: { bytes: new Uint8Array() } });
        expect(bytesOf((await store.input(head.id))?.body)).toEqual(Buffer.alloc(0));
      });

      test('a reference to a blob stays a reference', async () => {
        const head = await create({}, { method: 'POST', target: '/', headers: {}, body: { blob: 'requests/1/input' } });
        expect((await store.input(head.id))?.body).toEqual({ blob: 'requests/1/input' });
      });

      test('a discarded input is gone, the request stays', async () => {
        const head = await create();
        await store.discardInput(head.id);
        await store.discardInput(head.id);
        expect(await store.input(head.id)).toBeUndefined();
        expect(await store.get(head.id)).toEqual(head);
      });
    });

    describe('replace', () => {
      test('the next version takes the place of the one before', async () => {
        const running = await claimed(await create());
        expect(await store.get(running.id)).toEqual(running);
      });

      test('a write on an older version changes nothing', async () => {
        const head = await create();
        const running = await claimed(head, 'runner-1');
        expect(await store.replace(defined(claim(head, 'runner-2', opened.clock.now(), LEASE_MS)))).toBe(false);
        expect(await store.get(head.id)).toEqual(running);
      });

      test('a request that does not exist is not made by a replace', async () => {
        const head = newRequest();
        expect(await store.replace({ ...head, version: 2 })).toBe(false);
        expect(await store.get(head.id)).toBeUndefined();
      });

      test('of many concurrent claims of one request exactly one succeeds', async () => {
        const head = await create();
        const runners = Array.from({ length: 8 }, (_, n) => `runner-${n}`);
        const claims = runners.map((runner) => defined(claim(head, runner, opened.clock.now(), LEASE_MS)));
        const results = await Promise.all(claims.map((next) => store.replace(next)));
        expect(results.filter((result) => result)).toHaveLength(1);
        expect((await store.get(head.id))?.lease?.runner).toBe(runners[results.indexOf(true)]);
      });

      test('a response is stored with the head that ends the request', async () => {
        const running = await claimed(await create());
        const done = defined(complete(running, fenceOf(running), SUCCESS, opened.clock.now()));
        const response = { status: 201, headers: { 'x-a': 'b' }, body: { bytes: Buffer.from('made') } };
        expect(await store.replace(done, response)).toBe(true);
        const stored = await store.response(done.id);
        expect({ ...stored, body: undefined }).toEqual({ status: 201, headers: { 'x-a': 'b' }, body: undefined });
        expect(bytesOf(stored?.body).toString()).toBe('made');
      });

      test('the response of a write that lost the race is not readable', async () => {
        const running = await claimed(await create());
        const late = defined(complete(running, fenceOf(running), SUCCESS, opened.clock.now()));
        await replaced(retry(running, fenceOf(running), 'connection_error', { status: 503 }, opened.clock.now()));
        expect(await store.replace(late, { status: 200, headers: {}, body: { bytes: Buffer.from('late') } })).toBe(
          false,
        );
        expect(await store.response(running.id)).toBeUndefined();
      });
    });

    describe('the queue', () => {
      const waitingIds = async (limit = 100): Promise<string[]> =>
        (await store.waiting(app, limit)).map(({ id }) => id);

      test('normal requests wait before low ones, each in order of submission', async () => {
        const low = await create({ priority: 'low' });
        const first = await create();
        const second = await create();
        await eventually(async () => {
          expect(await waitingIds()).toEqual([first.id, second.id, low.id]);
        });
      });

      test('pages follow each other across priorities without gap or repetition', async () => {
        for (let n = 0; n < 7; n++) await create({ priority: n % 2 === 0 ? 'normal' : 'low' });
        await eventually(async () => {
          expect(await waitingIds()).toHaveLength(7);
        });
        const paged: RequestHead[] = [];
        for (;;) {
          const page = await store.waiting(app, 2, paged.at(-1));
          expect(page.length).toBeLessThanOrEqual(2);
          if (page.length === 0) break;
          paged.push(...page);
        }
        expect(paged.map(({ id }) => id)).toEqual(await waitingIds());
      });

      test('a request leaves the queue when it is claimed and comes back to its place when it is retried', async () => {
        const first = await create();
        const second = await create();
        const running = await claimed(first);
        await eventually(async () => {
          expect(await waitingIds()).toEqual([second.id]);
        });
        const again = await replaced(
          retry(running, fenceOf(running), 'server_error', { status: 500 }, opened.clock.now()),
        );
        await eventually(async () => {
          expect(await store.waiting(app, 10)).toEqual([again, second]);
        });
      });

      test('a cancelled request waits no more', async () => {
        const head = await create();
        await replaced(cancel(head, opened.clock.now()));
        await eventually(async () => {
          expect(await waitingIds()).toEqual([]);
        });
      });

      test('the queue of another app is not seen', async () => {
        await create();
        await eventually(async () => {
          expect(await waitingIds()).toHaveLength(1);
        });
        expect(await store.waiting(`${app}-2`, 10)).toEqual([]);
        expect(await store.backlog(`${app}-2`, opened.clock.now())).toEqual({
          waiting: 0,
          waitingSince: 0,
          inProgress: 0,
        });
      });

      test('the position counts those that wait before', async () => {
        const low = await create({ priority: 'low' });
        const first = await create();
        const second = await create();
        await eventually(async () => {
          expect(await store.position(first)).toBe(0);
          expect(await store.position(second)).toBe(1);
          expect(await store.position(low)).toBe(2);
        });
        await claimed(first);
        await eventually(async () => {
          expect(await store.position(low)).toBe(1);
        });
      });

      test('the backlog counts what waits, since when, and what is in progress', async () => {
        const now = opened.clock.now();
        await create({ submittedAt: now - 5_000 });
        await create({ submittedAt: now - 1_000, priority: 'low' });
        await claimed(await create({ submittedAt: now - 9_000 }));
        await completed(await create({ submittedAt: now - 9_000 }));
        await eventually(async () => {
          expect(await store.backlog(app, now - 2_000)).toEqual({
            waiting: 2,
            waitingSince: 1,
            oldestWaitingAt: now - 5_000,
            inProgress: 1,
          });
        });
      });
    });

    describe('what time asks for', () => {
      /** Only the requests of this test: a store may hold others that are due. */
      const dueHere = async (now: number): Promise<RequestHead[]> =>
        (await store.due(now, 1_000)).filter((head) => head.app === app);

      test('a lease is due when it expires, and no more once it is renewed or over', async () => {
        const running = await claimed(await create());
        const expiry = defined(running.lease).expiresAt;
        await eventually(async () => {
          expect(await dueHere(expiry)).toEqual([running]);
        });
        expect(await dueHere(expiry - 1)).toEqual([]);
        const renewed = await replaced(heartbeat(running, fenceOf(running), opened.clock.now() + 10_000, LEASE_MS));
        await eventually(async () => {
          expect(await dueHere(expiry)).toEqual([]);
        });
        await replaced(complete(renewed, fenceOf(renewed), SUCCESS, opened.clock.now()));
        await eventually(async () => {
          expect(await dueHere(expiry + HOUR_MS)).toEqual([]);
        });
      });

      test('a start deadline is due while the request waits', async () => {
        const now = opened.clock.now();
        const later = await create({ startDeadline: now + 2_000 });
        const sooner = await create({ startDeadline: now + 1_000 });
        await create();
        await eventually(async () => {
          expect(await dueHere(now + 2_000)).toEqual([sooner, later]);
        });
        expect(await dueHere(now + 1_500)).toEqual([sooner]);
      });

      test('a webhook is due from completion until it is delivered, apart from leases', async () => {
        const done = await completed(await create({ webhookUrl: 'https://hook.test/' }));
        const hooksHere = async (now: number): Promise<RequestHead[]> =>
          (await store.webhooksDue(now, 1_000)).filter((head) => head.app === app);
        const now = opened.clock.now();
        await eventually(async () => {
          expect(await hooksHere(now)).toEqual([done]);
        });
        expect(await dueHere(now + HOUR_MS)).toEqual([]);
        const again = await replaced(webhookAttempted(done, { delivered: false, retryAt: now + 5_000, error: '500' }));
        await eventually(async () => {
          expect(await hooksHere(now)).toEqual([]);
        });
        await eventually(async () => {
          expect(await hooksHere(now + 5_000)).toEqual([again]);
        });
        await replaced(webhookAttempted(again, { delivered: true }));
        await eventually(async () => {
          expect(await hooksHere(now + HOUR_MS)).toEqual([]);
        });
      });

      test('no more is due at once than was asked for', async () => {
        const now = opened.clock.now();
        for (let n = 0; n < 3; n++) await create({ startDeadline: now + n });
        await eventually(async () => {
          expect(await dueHere(now + 10)).toHaveLength(3);
        });
        expect(await store.due(now + 10, 2)).toHaveLength(2);
      });

      test('a finished request expires, a waiting one does not', async () => {
        const waiting = await create();
        const done = await completed(await create());
        const expiry = defined(done.expiresAt);
        const expiredHere = async (now: number): Promise<string[]> =>
          (await store.expired(now, 1_000)).filter((id) => [waiting.id, done.id].includes(id));
        await eventually(async () => {
          expect(await expiredHere(expiry + 1)).toEqual(opened.forgets === true ? [] : [done.id]);
        });
        expect(await expiredHere(expiry - 1)).toEqual([]);
      });
    });

    describe('list', () => {
      test('requests come newest first, whatever their state, page by page', async () => {
        const first = await create();
        const second = await completed(await create({ priority: 'low' }));
        const third = await claimed(await create());
        await eventually(async () => {
          expect(await store.list(app, 10)).toEqual([third, second, first]);
        });
        expect(await store.list(app, 2)).toEqual([third, second]);
        expect(await store.list(app, 2, second.id)).toEqual([first]);
        expect(await store.list(app, 2, first.id)).toEqual([]);
      });
    });

    describe('the event log', () => {
      const log = (message: string): RequestEvent => ({ kind: 'log', at: 1_700_000_000_001, level: 'info', message });

      test('events of every kind come back as they were, with their numbers', async () => {
        const { id } = await create();
        const bytes = Buffer.from([0, 255, 10, 13]);
        const response: RequestEvent = {
          kind: 'response',
          at: 2,
          status: 200,
          headers: { 'content-type': 'text/plain' },
        };
        await store.appendEvents(id, 1, 0, [log('one'), response, { kind: 'chunk', at: 3, bytes }]);
        const events = await eventuallyEvents(store, id, 3);
        expect(events.slice(0, 2)).toEqual([
          { attempt: 1, number: 0, ...log('one') },
          { attempt: 1, number: 1, ...response },
        ]);
        expect(events[2]).toMatchObject({ attempt: 1, number: 2, kind: 'chunk', at: 3 });
        expect(Buffer.from((events[2] as { bytes: Uint8Array }).bytes)).toEqual(bytes);
      });

      test('a reader goes on behind its cursor, across attempts', async () => {
        const { id } = await create();
        await store.appendEvents(id, 1, 0, [log('a'), log('b')]);
        await store.appendEvents(id, 2, 0, [log('c')]);
        await store.appendEvents(id, 2, 1, [log('d')]);
        expect(messages(await eventuallyEvents(store, id, 4))).toEqual(['a', 'b', 'c', 'd']);
        expect(messages(await store.events(id, { attempt: 1, number: 0 }, 10))).toEqual(['b', 'c', 'd']);
        expect(messages(await store.events(id, { attempt: 1, number: 1 }, 1))).toEqual(['c']);
        expect(await store.events(id, { attempt: 2, number: 1 }, 10)).toEqual([]);
      });

      test('attempts and numbers are ordered as numbers', async () => {
        const { id } = await create();
        await store.appendEvents(id, 10, 0, [log('later attempt')]);
        await store.appendEvents(
          id,
          2,
          0,
          Array.from({ length: 12 }, (_, n) => log(`${n}`)),
        );
        const expected = [...Array.from({ length: 12 }, (_, n) => `${n}`), 'later attempt'];
        expect(messages(await eventuallyEvents(store, id, 13))).toEqual(expected);
      });

      test('repeating an append changes nothing', async () => {
        const { id } = await create();
        await store.appendEvents(id, 1, 0, [log('a'), log('b')]);
        await store.appendEvents(id, 1, 0, [log('a'), log('b')]);
        await store.appendEvents(id, 1, 1, [log('b'), log('c')]);
        expect(messages(await eventuallyEvents(store, id, 3))).toEqual(['a', 'b', 'c']);
      });

      test('a request without events has an empty log', async () => {
        const { id } = await create();
        await store.appendEvents(id, 1, 0, []);
        expect(await store.events(id, undefined, 10)).toEqual([]);
      });
    });

    describe('remove', () => {
      test('a removed request leaves nothing behind', async () => {
        const running = await claimed(await create());
        const done = defined(complete(running, fenceOf(running), SUCCESS, opened.clock.now()));
        await store.replace(done, { status: 200, headers: {}, body: { bytes: Buffer.from('x') } });
        await store.appendEvents(done.id, 1, 0, [{ kind: 'log', at: 1, level: 'info', message: 'x' }]);
        await store.remove(done.id);
        await store.remove(done.id);
        await eventually(async () => {
          expect(await store.get(done.id)).toBeUndefined();
          expect(await store.input(done.id)).toBeUndefined();
          expect(await store.response(done.id)).toBeUndefined();
          expect(await store.events(done.id, undefined, 10)).toEqual([]);
          expect(await store.list(app, 10)).toEqual([]);
        });
      });
    });

    describe('changed', () => {
      const LONG_MS = 30_000;
      const seenWithin = async (id: string, change: () => Promise<unknown>): Promise<void> => {
        const abort = new AbortController();
        const seen = store.changed(id, LONG_MS, abort.signal).then(() => 'changed');
        const late = new Promise((resolve) => setTimeout(resolve, LONG_MS / 2, 'late').unref());
        await change();
        expect(await Promise.race([seen, late])).toBe('changed');
        abort.abort();
      };

      test('a new state of the head is seen', async () => {
        const head = await create();
        await seenWithin(head.id, () => claimed(head));
      });

      test('a new event is seen', async () => {
        const head = await create();
        const event: RequestEvent = { kind: 'log', at: 1, level: 'info', message: 'x' };
        await seenWithin(head.id, () => store.appendEvents(head.id, 1, 0, [event]));
      });

      test('every one of several readers sees a change', async () => {
        const head = await create();
        await seenWithin(head.id, () => seenWithin(head.id, () => claimed(head)));
      });

      test('the wait ends when its time is up', async () => {
        const head = await create();
        await expect(store.changed(head.id, 1)).resolves.toBeUndefined();
      });

      test('the wait ends when it is aborted, also when it was before', async () => {
        const head = await create();
        const abort = new AbortController();
        const waiting = store.changed(head.id, LONG_MS, abort.signal);
        abort.abort();
        await expect(waiting).resolves.toBeUndefined();
        await expect(store.changed(head.id, LONG_MS, abort.signal)).resolves.toBeUndefined();
      });
    });
  });
}

function inputOf(text: string): RequestInput {
  return { method: 'POST', target: '/predict', headers: {}, body: { bytes: Buffer.from(text) } };
}

async function textOfInput(store: RequestStore, id: string): Promise<string> {
  return bytesOf((await store.input(id))?.body).toString();
}

function bytesOf(body: Body | undefined): Buffer {
  if (body === undefined || !('bytes' in body)) throw new Error('There are no bytes');
  return Buffer.from(body.bytes);
}

function fenceOf(head: RequestHead): Fence {
  return { runner: defined(head.lease).runner, attempt: head.attempt };
}

async function eventuallyEvents(store: RequestStore, id: string, count: number): Promise<readonly StoredEvent[]> {
  return eventually(async () => {
    const events = await store.events(id, undefined, 100);
    expect(events).toHaveLength(count);
    return events;
  });
}

function messages(events: readonly StoredEvent[]): string[] {
  return events.map((event) => (event.kind === 'log' ? event.message : event.kind));
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Nothing there');
  return value;
}
