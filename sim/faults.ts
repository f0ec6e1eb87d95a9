/** What goes wrong in a simulation. Everything is off unless asked for. */

/** A time span in ms from the start of the simulation: `from` is in it, `until` is not. */
export interface TimeSpan {
  readonly from: number;
  readonly until: number;
}

export interface Faults {
  /** No machine can be launched in these spans: the runner that needs one exits as `scheduling_failed`. */
  readonly capacityErrors?: readonly TimeSpan[];
  /** Reclaims an hour of each machine; each announces itself `RECLAIM_NOTICE_MS` before. */
  readonly reclaimsPerHour?: number;
  /** Runners of these apps (all, where `app` is absent) fail at the end of `setup()` in these spans. */
  readonly failingStarts?: readonly (TimeSpan & { readonly app?: string })[];
  /** Share of attempts at whose end the runner crashes instead of answering. */
  readonly crashShare?: number;
}

/** EC2 says two minutes before that it takes a Spot instance back. */
export const RECLAIM_NOTICE_MS = 120_000;

export function within(spans: readonly TimeSpan[] | undefined, now: number): boolean {
  return spans?.some((span) => span.from <= now && now < span.until) ?? false;
}
