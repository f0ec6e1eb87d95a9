import type { AppRecord } from '../../runtime/domain/app';

/** An app on a CPU machine with ordinary settings. */
export function exampleApp(over: Partial<AppRecord> = {}): AppRecord {
  return {
    id: 'owner/app',
    revision: 'r1',
    deployedAt: 1_700_000_000_000,
    spec: {
      name: 'app',
      machine_type: ['S'],
      requirements: [['numpy==2.0.0']],
      min_concurrency: 0,
      max_concurrency: 2,
      concurrency_buffer: 0,
      concurrency_buffer_perc: 0,
      scaling_delay: 0,
      scaling_policy: 'fal',
      max_multiplexing: 1,
      keep_alive: 60,
      request_timeout: 3600,
      startup_timeout: 600,
      termination_grace_period_seconds: 5,
      auth: 'private',
      env: { MODE: 'test "quoted"' },
      volumes: { '/data': 'shared' },
      skip_retry_conditions: [],
    },
    ...over,
  };
}
