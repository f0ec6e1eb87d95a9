import fc from 'fast-check';
import { CANCELLED, type Outcome, type RequestHead } from '../../../runtime/domain/request';
import {
  deliveryTimeout,
  judgeStatus,
  nextDelivery,
  NOT_JSON,
  WEBHOOK_RETRIES,
  webhookBody,
} from '../../../runtime/domain/webhook';

describe('the delivery of a webhook', () => {
  it('succeeds with any 2xx, ends with a redirect and is tried again otherwise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        const result = judgeStatus(status);
        const kind = result.delivered ? 2 : result.permanent ? 3 : 0;
        expect(kind).toBe(status >= 200 && status < 400 ? Math.floor(status / 100) : 0);
      }),
    );
  });

  it('may take 15 s at first and 120 s when repeated', () => {
    expect([0, 1, 2].map(deliveryTimeout)).toEqual([15_000, 120_000, 120_000]);
  });

  it('is repeated ten times, all of them within two hours even when each times out', () => {
    let now = 0;
    let attempts = 0;
    for (;;) {
      now += deliveryTimeout(attempts);
      const next = nextDelivery(attempts, FAILED, now);
      attempts += 1;
      if (next === undefined) break;
      expect(next).toBeGreaterThan(now);
      now = next;
    }
    expect(attempts).toBe(1 + WEBHOOK_RETRIES);
    expect(now).toBeLessThanOrEqual(2 * 3_600_000);
  });

  it('is never repeated once delivered or refused for good', () => {
    fc.assert(
      fc.property(fc.nat(20), (attempts) => {
        expect(nextDelivery(attempts, { delivered: true }, 0)).toBeUndefined();
        expect(nextDelivery(attempts, { ...FAILED, permanent: true }, 0)).toBeUndefined();
      }),
    );
  });
});

describe('the body of a webhook', () => {
  const ids = { request_id: 'id', gateway_request_id: 'id' };

  it('carries the answer of the app', () => {
    expect(webhookBody(ended({ status: 200 }), '{"images":[]}')).toEqual({
      ...ids,
      status: 'OK',
      payload: { images: [] },
    });
  });

  it('carries an answer of null as such', () => {
    expect(webhookBody(ended({ status: 200 }), 'null')).toEqual({ ...ids, status: 'OK', payload: null });
  });

  it.each(['', 'plain text', '{"cut":', undefined])('says so when the answer is no JSON: %j', (response) => {
    const body = webhookBody(ended({ status: 200 }), response);
    expect(body).toEqual({ ...ids, status: 'OK', payload: null, payload_error: NOT_JSON });
  });

  it('carries the error that the app answered', () => {
    const response = '{"detail":[{"msg":"field required"}]}';
    expect(webhookBody(ended({ status: 422 }), response)).toEqual({
      ...ids,
      status: 'ERROR',
      error: 'Invalid status code: 422',
      payload: { detail: [{ msg: 'field required' }] },
    });
  });

  it('tells what the platform ended, in the shape of a platform error', () => {
    expect(webhookBody(ended(CANCELLED), undefined)).toEqual({
      ...ids,
      status: 'ERROR',
      error: 'Request was cancelled',
      payload: { detail: 'Request was cancelled', error_type: 'client_cancelled' },
    });
  });

  it('is always JSON, whatever the app answered', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.option(fc.string(), { nil: undefined }),
        (status, response) => {
          const body = webhookBody(ended({ status }), response);
          expect(JSON.parse(JSON.stringify(body))).toMatchObject({ ...ids, status: status < 400 ? 'OK' : 'ERROR' });
        },
      ),
    );
  });
});

const FAILED = { delivered: false, permanent: false, error: 'The receiver answered 500' } as const;

function ended(outcome: Outcome): RequestHead {
  return {
    id: 'id',
    app: 'local/app',
    path: '/',
    mode: 'queue',
    caller: '',
    state: 'COMPLETED',
    priority: 'normal',
    submittedAt: 0,
    attempt: 1,
    refunds: 0,
    retry: {},
    retries: {},
    outcome,
    version: 3,
  };
}
