import fc from 'fast-check';
import {
  cancel,
  claim,
  claimable,
  complete,
  elapsed,
  handBack,
  heartbeat,
  MAX_ATTEMPTS,
  redrive,
  retry,
  submitted,
  type Fence,
  type NewRequest,
  type RequestHead,
} from '../../../runtime/domain/request';
import { RETRY_CONDITIONS, type RetryCondition, type RetryPolicy } from '../../../runtime/domain/retry';

const LEASE_MS = 30_000;

describe('one request, whatever happens to it in whatever order', () => {
  it('never uses more than ten attempts of its own', () => {
    everyLife((life) => {
      expect(life.head.attempt - life.head.refunds).toBeLessThanOrEqual(MAX_ATTEMPTS);
    });
  });

  it('never leaves its terminal state', () => {
    everyLife((life, before) => {
      if (before.state === 'COMPLETED') expect(life.head).toBe(before);
    });
  });

  it('is changed only by the runner that holds it, in the attempt it holds', () => {
    everyLife((life, before, step) => {
      if (step.kind !== 'write' || life.head === before) return;
      const fence = life.fences[step.fence % life.fences.length];
      expect(before.lease?.runner).toBe(fence?.runner);
      expect(before.attempt).toBe(fence?.attempt);
    });
  });

  it('has a lease while it is in progress, and then only', () => {
    everyLife(({ head }) => {
      expect(head.lease !== undefined).toBe(head.state === 'IN_PROGRESS');
    });
  });

  it('is never claimed during its back-off', () => {
    everyLife((life, before) => {
      if (before.state === 'IN_QUEUE' && life.head.state === 'IN_PROGRESS') {
        expect(before.notBefore ?? 0).toBeLessThanOrEqual(life.now);
      }
    });
  });

  it('gets every retry its policy allows, and no more', () => {
    fc.assert(
      fc.property(policies(), fc.constantFrom(...RETRY_CONDITIONS), (policy, condition) => {
        let head = claimed(newRequest({ retry: policy }), 0);
        let now = 0;
        for (;;) {
          const next = retry(head, fenceOf(head), condition, { status: 503 }, now);
          if (next?.state !== 'IN_QUEUE') break;
          now = next.notBefore ?? now;
          head = claimed(next, now);
        }
        expect(head.attempt).toBe(Math.min(MAX_ATTEMPTS, (policy[condition] ?? Infinity) + 1));
      }),
    );
  });

  it('starts with fresh attempts when a person sends a dead letter round again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('retry' as const, 'handBack' as const), { maxLength: 30 }), (moves) => {
        let head = submitted(newRequest({}));
        let now = 0;
        for (const move of moves) {
          if (head.state !== 'IN_QUEUE') break;
          now = Math.max(now, head.notBefore ?? 0);
          const held = claimed(head, now);
          const fence = fenceOf(held);
          head = (move === 'retry' ? fail(held, now) : handBack(held, fence, now)) ?? head;
        }
        const again = redrive(head);
        expect(again !== undefined).toBe(head.outcome?.deadLetter === true);
        if (again !== undefined) expect(again.attempt - again.refunds).toBe(0);
      }),
    );
  });
});

describe('a request that was handed back', () => {
  it('is not charged an attempt, however often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (times) => {
        let head = submitted(newRequest({}));
        for (let count = 0; count < times; count++) {
          const held = claimed(head, 0);
          head = handBack(held, fenceOf(held), 0) ?? head;
        }
        expect(head.attempt).toBe(times);
        expect(head.attempt - head.refunds).toBe(0);
        expect(claimable(head, 'runner', 0)).toBe(true);
      }),
    );
  });
});

type Step =
  | { readonly kind: 'claim'; readonly runner: string }
  /** A write by one of the fences that were ever handed out. */
  | {
      readonly kind: 'write';
      readonly write: keyof typeof WRITES;
      readonly fence: number;
      readonly condition: RetryCondition;
    }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'time'; readonly ms: number };

interface Life {
  head: RequestHead;
  now: number;
  readonly fences: Fence[];
}

const WRITES = {
  heartbeat: (head: RequestHead, fence: Fence, now: number) => heartbeat(head, fence, now, LEASE_MS),
  complete: (head: RequestHead, fence: Fence, now: number) => complete(head, fence, { status: 200 }, now),
  retry: (head: RequestHead, fence: Fence, now: number, condition: RetryCondition) =>
    retry(head, fence, condition, { status: 503 }, now),
  forcedRetry: (head: RequestHead, fence: Fence, now: number, condition: RetryCondition) =>
    retry(head, fence, condition, { status: 503 }, now, true),
  handBack,
};

/** Runners that never claimed the request and guess the attempt. */
const STRANGERS: readonly Fence[] = [1, 2, 3].map((attempt) => ({ runner: 'stranger', attempt }));

/** Lives through random steps and looks at each: `before` is the head as it was. */
function everyLife(look: (life: Life, before: RequestHead, step: Step) => void): void {
  fc.assert(
    fc.property(requests(), fc.array(steps(), { maxLength: 150 }), (request, script) => {
      const life: Life = { head: submitted(request), now: 0, fences: [...STRANGERS] };
      for (const step of script) {
        const before = life.head;
        life.head = take(life, step) ?? before;
        if (life.head !== before) expect(life.head.version).toBe(before.version + 1);
        look(life, before, step);
        if (step.kind === 'claim' && life.head !== before) life.fences.push(fenceOf(life.head));
      }
    }),
    { numRuns: 300 },
  );
}

function take(life: Life, step: Step): RequestHead | undefined {
  const { head } = life;
  switch (step.kind) {
    case 'claim':
      return claim(head, step.runner, life.now, LEASE_MS);
    case 'cancel':
      return cancel(head, life.now);
    case 'time':
      life.now += step.ms;
      return elapsed(head, life.now);
    case 'write': {
      const fence = life.fences[step.fence % life.fences.length];
      return fence && WRITES[step.write](head, fence, life.now, step.condition);
    }
  }
}

function steps(): fc.Arbitrary<Step> {
  const runner = fc.constantFrom('a', 'b');
  const write = fc.constantFrom(...(Object.keys(WRITES) as (keyof typeof WRITES)[]));
  const condition = fc.constantFrom(...RETRY_CONDITIONS);
  return fc.oneof(
    { weight: 40, arbitrary: fc.record({ kind: fc.constant('claim' as const), runner }) },
    { weight: 40, arbitrary: fc.record({ kind: fc.constant('write' as const), write, fence: fc.nat(), condition }) },
    { weight: 40, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(2 * LEASE_MS) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const) }) },
  );
}

function requests(): fc.Arbitrary<NewRequest> {
  return fc
    .record({ retry: policies(), startDeadline: fc.option(fc.nat(10 * LEASE_MS), { nil: undefined, freq: 10 }) })
    .map(({ retry: policy, startDeadline }) =>
      newRequest({ retry: policy, ...(startDeadline === undefined ? {} : { startDeadline }) }),
    );
}

function policies(): fc.Arbitrary<RetryPolicy> {
  return fc.record(
    { server_error: fc.nat(12), timeout: fc.nat(12), connection_error: fc.nat(12) },
    { requiredKeys: [] },
  );
}

function newRequest(changes: Partial<NewRequest>): NewRequest {
  return {
    id: 'request',
    app: 'local/app',
    path: '/',
    mode: 'queue',
    caller: '',
    priority: 'normal',
    submittedAt: 0,
    retry: {},
    ...changes,
  };
}

function claimed(request: NewRequest | RequestHead, now: number): RequestHead {
  const head = claim('version' in request ? request : submitted(request), 'runner', now, LEASE_MS);
  if (head === undefined) throw new Error('The request can not be claimed');
  return head;
}

function fenceOf(head: RequestHead): Fence {
  return { runner: head.lease?.runner ?? '', attempt: head.attempt };
}

function fail(head: RequestHead, now: number): RequestHead | undefined {
  return retry(head, fenceOf(head), 'server_error', { status: 503 }, now);
}
