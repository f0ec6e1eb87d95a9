import fc from 'fast-check';
import { RequestQueue } from '../../../runtime/queue/request-queue';
import { ManualClock, MemoryDoorbell, MemoryRequestStore } from '../../support/memory-stores';
import { APP, checkInterleavings, INPUT, newRequest, numbered } from '../../support/queue-world';

describe('the queue, whatever interleaves and wherever its users crash', () => {
  it('loses no accepted request, ends each once, and lets no lost lease complete', async () => {
    await checkInterleavings(async () => new MemoryRequestStore(), 400);
  });
});

describe('queue positions', () => {
  it('are the order in which requests are claimed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(newRequest(), { maxLength: 40 }),
        fc.infiniteStream(fc.nat(3)),
        async (requests, luck) => {
          const clock = new ManualClock();
          const store = new MemoryRequestStore();
          const queue = new RequestQueue({ store, doorbell: new MemoryDoorbell(), clock });
          const heads = await Promise.all(
            requests.map((request, index) => queue.submit(numbered(request, index, clock), INPUT)),
          );
          for (const head of heads) if (luck.next().value === 0) await queue.cancel(head.id);
          const waiting = store.all().filter((head) => head.state === 'IN_QUEUE');
          const places = new Map<string, number>();
          for (const head of waiting) places.set(head.id, await store.position(head));
          const claimed: string[] = [];
          for (;;) {
            const head = await queue.claim(APP, 'runner');
            if (head === undefined) break;
            claimed.push(head.id);
          }
          expect(claimed.map((id) => places.get(id))).toEqual(claimed.map((_, index) => index));
          expect(claimed).toHaveLength(waiting.length);
        },
      ),
    );
  });
});
