import { controllerPolicy } from '../../sim/controller';
import { fal } from '../../sim/peers/fal';
import { Random } from '../../sim/random';
import { constantService, exponentialService, poisson, regular } from '../../sim/traces/synthetic';
import { exactController, requests, simulated, spec, waits } from './scenario';

describe('a cold start', () => {
  it('makes the first request wait for the whole start, and is paid for with the keep-alive', () => {
    const result = simulated(requests([0.5, 10]));
    expect(waits(result)).toEqual([300]);
    expect(result.starts).toBe(1);
    expect(result.gpuHours * 3600).toBeCloseTo(300 + 10 + 60);
  });

  it('serves the next request at once while the runner is kept alive', () => {
    expect(waits(simulated(requests([0, 10], [350, 10])))).toEqual([300, 0]);
  });

  it('is needed again when the runner has retired', () => {
    expect(waits(simulated(requests([0, 10], [380, 10])))).toEqual([300, 300]);
  });

  it('costs a runner that nobody used ten seconds of idling', () => {
    // The first runner is through with both before the second, launched for the other, is ready.
    const result = simulated(requests([0, 1], [10, 1]), { startS: 300 });
    expect(result.starts).toBe(2);
    expect(waits(result)).toEqual([300, 291]);
    expect(result.gpuHours * 3600).toBeCloseTo(300 + 2 + 60 + 300 + 10);
  });

  it('begins later when the controller is only asked by its tick', () => {
    const unpoked = { ...exactController(), poked: false, tickMs: 10_000 };
    expect(waits(simulated(requests([0.5, 10]), { policy: unpoked }))).toEqual([309.5]);
  });

  it('begins later by the lag between a decision and the fleet', () => {
    expect(waits(simulated(requests([0, 10]), { lagMs: 2_000 }))).toEqual([302]);
  });
});

describe('one server', () => {
  const server = exactController({ min_concurrency: 1, max_concurrency: 1 });

  it('lets nobody wait when services are shorter than the distance of arrivals (D/D/1)', () => {
    const trace = regular({ app: 'app', durationS: 100, service: constantService(0.8) }, 1, new Random(1));
    expect(new Set(waits(simulated(trace, { policy: server, startS: 0 })))).toEqual(new Set([0]));
  });

  it('lets the n-th wait for n times the excess when they are longer (D/D/1)', () => {
    const trace = regular({ app: 'app', durationS: 100, service: constantService(1.5) }, 1, new Random(1));
    const expected = Array.from({ length: 100 }, (_, index) => index * 0.5);
    expect(waits(simulated(trace, { policy: server, startS: 0 }))).toEqual(expected);
  });

  it('has the mean wait ρ/(μ−λ) of the M/M/1 queue', () => {
    const [arrivals, services] = [0.5, 1];
    const service = exponentialService(1 / services);
    const trace = poisson({ app: 'app', durationS: 200_000, service }, arrivals, new Random(7));
    const result = simulated(trace, { policy: server, startS: 0 });
    const mean = waits(result).reduce((sum, wait) => sum + wait, 0) / trace.app.length;
    const expected = arrivals / services / (services - arrivals);
    expect(Math.abs(mean - expected) / expected).toBeLessThan(0.05);
  });
});

describe('scaling settings', () => {
  it('never runs more than max_concurrency at once', () => {
    const trace = requests([0, 100], [0, 100], [0, 100], [0, 100]);
    expect(waits(simulated(trace, { policy: exactController({ max_concurrency: 2 }), startS: 0 }))).toEqual([
      0, 0, 100, 100,
    ]);
  });

  it('keeps min_concurrency runners, however long they are idle', () => {
    const policy = exactController({ min_concurrency: 2, keep_alive: 10 });
    const result = simulated(requests([400, 10], [400, 10], [3000, 10], [3000, 10]), { policy });
    expect(waits(result)).toEqual([0, 0, 0, 0]);
    expect(result.starts).toBe(2);
  });

  it('lets a runner take several requests with max_multiplexing', () => {
    const settings = { spec: () => spec({ max_multiplexing: 4 }) };
    const result = simulated(requests([0, 10], [0, 10], [0, 10], [0, 10]), settings);
    expect(result.starts).toBe(1);
    expect(waits(result)).toEqual([300, 300, 300, 300]);
  });

  it('launches nothing for a request that is served within scaling_delay', () => {
    const policy = exactController({ scaling_delay: 20, min_concurrency: 1, max_concurrency: 5 });
    expect(simulated(requests([400, 10], [400, 10]), { policy }).starts).toBe(1);
    expect(simulated(requests([400, 30], [400, 10]), { policy }).starts).toBe(2);
  });
});

describe('machines', () => {
  const shared = { shared: true, keepAliveMs: 600_000 };

  it('start another app faster when they are warm', () => {
    const trace = requests([0, 10, 'a'], [500, 10, 'b']);
    const result = simulated(trace, { machines: shared });
    expect(result.machinesLaunched).toBe(1);
    expect(waits(result)).toEqual([300, 0.85 * 300]);
  });

  it('start an app in the time of its set-up where its image and weights are', () => {
    const result = simulated(requests([0, 10], [500, 10]), { machines: shared });
    expect(waits(result)).toEqual([300, 30]);
  });

  it('cost their GPUs from the launch to the end of their keep-alive', () => {
    const result = simulated(requests([0, 10]), { machines: { ...shared, gpusPerMachine: 4 } });
    expect(result.gpuHours * 3600).toBeCloseTo(4 * (300 + 10 + 60 + 600));
    expect(result.runnerGpuHours * 3600).toBeCloseTo(300 + 10 + 60);
  });

  it('hold as many runners as they have GPUs', () => {
    const trace = requests([0, 10, 'a'], [0, 10, 'b'], [0, 10, 'c']);
    const result = simulated(trace, { machines: { ...shared, gpusPerMachine: 2 }, startS: 100 });
    expect(result.machinesLaunched).toBe(2);
  });

  it('make a runner wait for its turn when there may be no more of them', () => {
    const result = simulated(requests([0, 10, 'a'], [1, 10, 'b']), { machines: { ...shared, maxMachines: 1 } });
    expect(waits(result)).toEqual([300, 300 + 10 + 60 - 1 + 0.85 * 300]);
  });

  it('forget the image used least recently when the disk is full', () => {
    const trace = requests([0, 1, 'a'], [600, 1, 'b'], [1200, 1, 'a']);
    const result = simulated(trace, { machines: { ...shared, appsOnDisk: 1 } });
    expect(waits(result)).toEqual([300, 255, 255]);
  });
});

describe('faults', () => {
  it('retry a start for want of capacity after 20 s', () => {
    const faults = { capacityErrors: [{ from: 0, until: 30_000 }] };
    const result = simulated(requests([1, 10]), { faults });
    expect(result.starts).toBe(3);
    expect(waits(result)).toEqual([40 + 300]);
  });

  it('back off longer and longer while starts fail, and serve once they succeed', () => {
    const faults = { failingStarts: [{ from: 0, until: 100_000, app: 'app' }] };
    const result = simulated(requests([0, 10]), { faults, startS: 10 });
    // Failed at 10, 50 and 120 (30 and 60 s later), each start taking 10 s.
    expect(result.starts).toBe(3);
    expect(waits(result)).toEqual([120]);
  });

  it('give work of a reclaimed machine back after its notice', () => {
    const faults = { reclaimsPerHour: 6 };
    const trace = regular({ app: 'app', durationS: 86_400, service: constantService(200) }, 1200, new Random(3));
    const result = simulated(trace, { faults, startS: 30 });
    expect(result.served).toBe(trace.app.length);
    expect(result.starts).toBeGreaterThan(trace.app.length);
  });

  it('dead-letter a request whose every attempt crashes its runner', () => {
    const result = simulated(requests([0, 1]), { faults: { crashShare: 1 }, startS: 0 });
    expect(result).toMatchObject({ served: 0, deadLetters: 1, unfinished: 0 });
  });
});

test('more knobs of the dispatch: agents that were idle for longer claim later', () => {
  const policy = controllerPolicy({ spec: { min_concurrency: 2 }, dispatch: 'recent-delayed' });
  const [wait] = waits(simulated(requests([400, 1]), { policy }));
  // Idle for 100 s since the start of 300 s: 200 ms · 100 / (100 + 10).
  expect(wait).toBeCloseTo(0.182, 3);
});

test('an app that nobody calls again costs nothing further', () => {
  const once = simulated(requests([0, 1]), { policy: fal(60) });
  const long = simulated(requests([0, 1, 'app'], [80_000, 1, 'other']), { policy: fal(60) });
  expect(long.gpuHours).toBeCloseTo(2 * once.gpuHours);
});
