import { callerHeaders, judge } from '../../../runtime/agent/verdict';

describe('what an answer means for its request', () => {
  test.each([200, 204, 302, 404, 422, 429, 500, 502])('%d is final', (status) => {
    expect(judge(status, {}).retry).toBeUndefined();
  });

  test.each([503, 504])('%d is retried', (status) => {
    expect(judge(status, {})).toMatchObject({ retry: 'server_error' });
  });

  test('an app may ask for a retry of what is final, which beats the policy', () => {
    expect(judge(500, { 'x-fal-needs-retry': '1' })).toMatchObject({ retry: 'server_error', retryForced: true });
    expect(judge(429, { 'x-fal-needs-retry': 'true' })).toMatchObject({ retryForced: true });
  });

  test('an app may forbid the retry of a 503', () => {
    expect(judge(503, { 'x-fal-needs-retry': '0' }).retry).toBeUndefined();
  });

  test('the wish for a retry counts on 5xx and 429 alone', () => {
    expect(judge(200, { 'x-fal-needs-retry': '1' }).retry).toBeUndefined();
    expect(judge(422, { 'x-fal-needs-retry': '1' }).retry).toBeUndefined();
  });
});

describe('what an answer means for its runner', () => {
  test.each([
    [200, 'keep'],
    [404, 'keep'],
    [500, 'check'],
    [502, 'check'],
    [503, 'stop'],
    [504, 'check'],
  ] as const)('%d: %s', (status, runner) => {
    expect(judge(status, {}).runner).toBe(runner);
  });

  test('an app may end its runner, or keep it, whatever the status', () => {
    expect(judge(200, { 'x-fal-stop-runner': '1' }).runner).toBe('stop');
    expect(judge(503, { 'x-fal-stop-runner': 'false' }).runner).toBe('keep');
  });

  test('an app may ask for its health check with any answer that does not end the runner', () => {
    expect(judge(200, { 'x-fal-runner-health-check': 'true' }).runner).toBe('health check');
    expect(judge(500, { 'x-fal-runner-health-check': 'true', 'x-fal-stop-runner': '0' }).runner).toBe('health check');
    expect(judge(503, { 'x-fal-runner-health-check': 'true' }).runner).toBe('stop');
  });
});

test('callers never see headers of the connection or those meant for the platform', () => {
  const headers = {
    'content-type': 'application/json',
    'content-length': '2',
    'transfer-encoding': 'chunked',
    connection: 'keep-alive',
    'x-fal-needs-retry': '0',
    'x-fal-stop-runner': '1',
    'x-fal-billable-units': '3',
    vary: ['accept', 'origin'],
  };
  expect(callerHeaders(headers)).toEqual({
    'content-type': 'application/json',
    'x-fal-billable-units': '3',
    vary: 'accept, origin',
  });
});
