import { AppMetrics } from '../../lambda/metrics';
import type { MetricValues } from '../../runtime/aws/embedded-metrics';
import type { AppRecord } from '../../runtime/domain/app';
import { instancesFor } from '../../runtime/domain/machine-catalog';
import { ManualClock } from '../support/memory-stores';
import { APP, appSpec, observation, readyRunner, runnerRecord } from '../support/records';

describe('the metrics of an app', () => {
  const clock = new ManualClock();
  const app: AppRecord = { id: APP, revision: 'r1', deployedAt: 0, spec: appSpec({ machine_type: ['GPU-L4'] }) };
  let written: MetricValues[];
  let metrics: AppMetrics;

  beforeEach(() => {
    written = [];
    metrics = new AppMetrics({ clock, write: (_, values) => void written.push(values) });
  });

  it('are not written while it rests', () => {
    metrics.looked(app, observation());
    const gone = runnerRecord({ state: 'TERMINATED', stateSince: clock.now() - 1 });
    metrics.looked(app, observation({ runners: [gone] }));
    expect(written).toEqual([]);
  });

  it('count what waits and for how long, and runners by state', () => {
    const runners = [
      runnerRecord({ state: 'SETUP' }),
      readyRunner(clock.now()),
      readyRunner(clock.now(), { state: 'RUNNING' }),
      readyRunner(clock.now(), { state: 'DRAINING' }),
    ];
    metrics.looked(app, observation({ waiting: 3, inProgress: 1, oldestWaitingAt: clock.now() - 4_000, runners }));
    expect(written[0]).toMatchObject({
      waiting: 3,
      inProgress: 1,
      queueAge: 4,
      runnersStarting: 1,
      runnersIdle: 1,
      runnersRunning: 1,
      runnersLeaving: 1,
    });
  });

  it('count a cold start once, with the time it took', () => {
    const runner = readyRunner(clock.now());
    metrics.looked(app, observation({ runners: [runner] }));
    clock.advance(10_000);
    const ready = { ...runner, createdAt: clock.now() - 90_000, readyAt: clock.now() - 5_000 };
    metrics.looked(app, observation({ runners: [ready] }));
    metrics.looked(app, observation({ runners: [ready] }));
    expect(written.map(({ coldStarts }) => coldStarts)).toEqual([0, 1, 0]);
    expect(written[1]?.coldStartTime).toEqual([85]);
  });

  it('estimate the cost from the price of the cheapest machine and the time since the last look', () => {
    const runners = [readyRunner(clock.now()), runnerRecord({ id: 'waits for a machine' })];
    metrics.looked(app, observation({ runners }));
    clock.advance(36_000);
    metrics.looked(app, observation({ runners }));
    const [cheapest] = instancesFor('GPU-L4');
    expect(written[1]?.estimatedCost).toBeCloseTo((cheapest?.usdPerHour ?? 0) / 100, 10);
  });

  it('count no time in which nobody looked', () => {
    const runners = [readyRunner(clock.now())];
    metrics.looked(app, observation({ runners }));
    clock.advance(24 * 3_600_000);
    metrics.looked(app, observation({ runners }));
    const [cheapest] = instancesFor('GPU-L4');
    expect(written[1]?.estimatedCost).toBeCloseTo((cheapest?.usdPerHour ?? 0) / 30, 10);
  });
});
