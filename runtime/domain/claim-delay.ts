/**
 * How long an agent waits before it claims after the doorbell rang.
 *
 * A queue service wakes idle pollers at random. Spread like that, a little work keeps every runner just busy enough to
 * stay: by simulation up to twice the GPU time of most recently used first. So whoever has been idle longer claims later.
 * That gathers work only where several agents are awake at a time: when a request wakes a single one, it gets it, whoever
 * it is (docs/autoscaling.md).
 */

/** No agent waits longer: a start would cost far more than this. */
export const MAX_CLAIM_DELAY_MS = 200;

/** Idle for this long, an agent waits for half of the most. Differences count most among those used lately. */
const HALF_DELAY_IDLE_MS = 10_000;

/** Milliseconds to wait before claiming; 0 for the only ready runner of an app, which has nobody to leave the work to. */
export function claimDelay(idleMs: number, readyRunners: number): number {
  if (readyRunners <= 1) return 0;
  const idle = Math.max(0, idleMs);
  return (MAX_CLAIM_DELAY_MS * idle) / (idle + HALF_DELAY_IDLE_MS);
}
