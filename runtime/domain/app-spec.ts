/** What an app asks of the platform: fal's class attributes by their own names, seconds where fal has seconds. */
export interface AppSpec {
  /** The last part of the app id: lower-case letters, digits, `-`. */
  readonly name: string;
  readonly machine_type: readonly string[];
  readonly num_gpus?: number;
  readonly requirements: readonly (readonly string[])[];
  readonly min_concurrency: number;
  readonly max_concurrency: number;
  readonly concurrency_buffer: number;
  readonly concurrency_buffer_perc: number;
  readonly scaling_delay: number;
  readonly max_multiplexing: number;
  readonly keep_alive: number;
  readonly request_timeout: number;
  readonly startup_timeout: number;
  readonly termination_grace_period_seconds: number;
  readonly auth: 'private' | 'shared' | 'public';
  /** The port the app's HTTP server listens on; a fal.App is told its port and needs none. */
  readonly exposed_port?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  /** Mount path → volume name. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly health_check?: HealthCheck;
  readonly skip_retry_conditions: readonly ('server_error' | 'timeout' | 'connection_error')[];
  readonly retry_config?: Readonly<Record<string, { readonly retries: number }>>;
}

export interface HealthCheck {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly start_period_seconds: number;
  readonly timeout_seconds: number;
  readonly failure_threshold: number;
  readonly call_regularly: boolean;
}
