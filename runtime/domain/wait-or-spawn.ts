/**
 * Whether requests that wait should get new runners or wait for the busy ones. A start burns GPU time before it serves
 * anybody; where those that are busy will be through with the queue sooner, it is money burnt.
 *
 * A runner more is wanted while the waiting it spares is worth more GPU time than it costs. How long callers wait is
 * estimated as if requests flowed: they come at the rate seen lately, each slot ends one each service time.
 */

export interface Queue {
  /** Requests that wait, and those in progress. */
  readonly waiting: number;
  readonly inProgress: number;
  /** Requests that a runner takes at a time. */
  readonly slots: number;
  /** Runners that serve, and how long each of those that start still needs. */
  readonly ready: number;
  readonly startingMs: readonly number[];
}

export interface Estimates {
  readonly serviceMs: number;
  /** How long a runner launched now takes to be ready. */
  readonly startMs: number;
  /** Requests that come, per millisecond. */
  readonly rate: number;
  /** Milliseconds of GPU time that sparing a caller a millisecond of waiting is worth. */
  readonly worth: number;
  /** How long a runner that is not needed any more stays. */
  readonly tailMs: number;
  /** No request shall wait for longer, as far as one can tell. */
  readonly patienceMs: number;
}

/** Runners wanted for the queue: at most one for each request, and those there are at least, as far as requests need them. */
export function wantedRunners(queue: Queue, estimates: Estimates): number {
  const most = Math.ceil((queue.waiting + queue.inProgress) / queue.slots);
  const present = queue.ready + queue.startingMs.length;
  if (most <= present || most <= 1) return most;
  const sustained = Math.min(most, staffing(estimates, queue.slots));
  let wanted = Math.max(1, present, sustained);
  while (wanted < most && worthwhile(queue, estimates, wanted)) wanted += 1;
  return wanted;
}

/** Whether one runner beyond `count` spares enough waiting, or is needed for everybody to be served in time. */
function worthwhile(queue: Queue, estimates: Estimates, count: number): boolean {
  const { startMs, worth, tailMs, patienceMs } = estimates;
  const left = leftAfterStart(queue, estimates);
  const now = waitingFrom(left, count, queue.slots, estimates);
  if (now.longestMs + startMs > patienceMs && left > 0) return true;
  const then = waitingFrom(left, count + 1, queue.slots, estimates);
  return worth * (now.sumMs - then.sumMs) > startMs + tailMs;
}

/** How many still wait when a runner launched now is ready. */
function leftAfterStart({ waiting, slots, ready, startingMs }: Queue, estimates: Estimates): number {
  const { serviceMs, startMs, rate } = estimates;
  const servingMs = startingMs.reduce((sum, ms) => sum + Math.max(0, startMs - ms), ready * startMs);
  return Math.max(0, waiting + rate * startMs - (servingMs * slots) / serviceMs);
}

/** The waiting of all from then on, as long as the rate can be expected to last, and that of the last in the queue. */
function waitingFrom(
  left: number,
  runners: number,
  slots: number,
  { serviceMs, rate, startMs, tailMs }: Estimates,
): { readonly sumMs: number; readonly longestMs: number } {
  const horizonMs = startMs + tailMs;
  const served = (runners * slots) / serviceMs;
  const drained = served - rate;
  const emptyMs = drained > 0 ? left / drained : Infinity;
  const longestMs = left / served;
  if (emptyMs <= horizonMs) return { sumMs: (left * emptyMs) / 2, longestMs };
  const atEnd = left - drained * horizonMs;
  return { sumMs: ((left + atEnd) / 2) * horizonMs + (atEnd * atEnd) / (2 * served), longestMs };
}

/**
 * Runners for which a load that lasts costs least: those of the queueing model M/M/n, whose waiting is Erlang's C. A runner
 * must be worth its time and its start.
 */
export function staffing({ serviceMs, rate, worth, startMs, tailMs }: Estimates, slots: number): number {
  const load = rate * serviceMs;
  const cost = (slots * (startMs + startMs + tailMs)) / (startMs + tailMs);
  let servers = Math.floor(load) + 1;
  let blocked = 1;
  for (let count = 1; count <= servers; count += 1) blocked = (load * blocked) / (count + load * blocked);
  for (;;) {
    const queued = queuedOf(load, servers, blocked);
    const next = (load * blocked) / (servers + 1 + load * blocked);
    if (worth * (queued - queuedOf(load, servers + 1, next)) <= cost / slots) break;
    servers += 1;
    blocked = next;
  }
  return Math.ceil(servers / slots);
}

/** How many wait in the mean, from Erlang's B. */
function queuedOf(load: number, servers: number, blocked: number): number {
  const share = load / servers;
  return ((blocked / (1 - share * (1 - blocked))) * share) / (1 - share);
}
