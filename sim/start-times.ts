/** How long the stages of a runner's start take. */

/** Seconds by stage, each in the mean. A warm machine saves the first, one that has image or weights saves those. */
export interface StartTimes {
  /** From the wish for a machine until it can run containers. */
  readonly machineS: number;
  /** Fetching and unpacking the image. */
  readonly imageS: number;
  /** Fetching the weights. */
  readonly weightsS: number;
  /** From the start of the process until it answers: loading onto the GPU, `setup()`. */
  readonly setupS: number;
  /** Coefficient of variation of each stage, log-normal; 0 for stages that always take the same. */
  readonly variation: number;
}

/**
 * Shares of a start with nothing warm. From the measurements on AWS in "cold-start anatomy" of the research notes: with
 * the image cached 38 to 65 % of the time went away (g4dn to g6 endpoints, AWS ML blog 2026), weights took 77 to 168 of
 * 525 s (g6.2xlarge, the same), machines were up after 26 s plus the agent's registration. The rest is set-up.
 */
const SHARES = { machine: 0.15, image: 0.5, weights: 0.25, setup: 0.1 };

/** A start of so many seconds when nothing is warm, in its usual shares. */
export function startTimes(totalS: number, variation = 0): StartTimes {
  return {
    machineS: SHARES.machine * totalS,
    imageS: SHARES.image * totalS,
    weightsS: SHARES.weights * totalS,
    setupS: SHARES.setup * totalS,
    variation,
  };
}
