/** The requests of an app that wait, in order of submission. Requests are places in the trace, which is in that order. */
export class WaitingLine {
  private readonly requests: number[] = [];
  private head = 0;

  get length(): number {
    return this.requests.length - this.head;
  }

  /** Adds the request where it belongs: at the end, unless it was served before and comes back. */
  add(request: number): void {
    const { requests } = this;
    if (this.length === 0 || (requests[requests.length - 1] ?? 0) < request) requests.push(request);
    else requests.splice(this.placeOf(request), 0, request);
  }

  /** Takes the first out; undefined when nobody waits. */
  take(): number | undefined {
    if (this.length === 0) return undefined;
    const request = this.requests[this.head];
    this.head += 1;
    if (this.head >= COMPACT_AT && 2 * this.head >= this.requests.length) {
      this.requests.splice(0, this.head);
      this.head = 0;
    }
    return request;
  }

  /** How many of those that wait arrived by then. */
  arrivedBy(time: number, arrivalMs: Float64Array): number {
    return this.firstWhere((request) => (arrivalMs[request] ?? 0) > time) - this.head;
  }

  /** When the first of those that arrived after that time did; Infinity when there is none. */
  arrivalAfter(time: number, arrivalMs: Float64Array): number {
    const request = this.requests[this.firstWhere((candidate) => (arrivalMs[candidate] ?? 0) > time)];
    return request === undefined ? Infinity : (arrivalMs[request] ?? Infinity);
  }

  private placeOf(request: number): number {
    return this.firstWhere((candidate) => candidate > request);
  }

  private firstWhere(holds: (request: number) => boolean): number {
    let low = this.head;
    let high = this.requests.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.requests[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const COMPACT_AT = 1024;
