// Measures the simulator: `node bench/simulator.mjs`. A day of a thousand apps, ten to a thousand calls each.
import { bundled } from '../scripts/sim.mjs';

const { simulate } = await bundled('sim/simulation.ts');
const { Random } = await bundled('sim/random.ts');
const { merged } = await bundled('sim/trace.ts');
const { diurnal, exponentialService } = await bundled('sim/traces/synthetic.ts');
const { policiesNamed, POLICY_NAMES } = await bundled('sim/policies.ts');
const { startTimes } = await bundled('sim/start-times.ts');
const { parseAppSpec } = await bundled('runtime/domain/app-spec.ts');

const APPS = 1_000;
const DAY_S = 86_400;

const random = new Random(1);
const trace = merged(
  Array.from({ length: APPS }, (_, index) => {
    const app = { app: `app-${index}`, durationS: DAY_S, service: exponentialService(10) };
    return diurnal(app, (10 * 100 ** random.unit()) / DAY_S, random);
  }),
);
const spec = parseAppSpec({ name: 'app', max_concurrency: 1000 });

console.log(`${APPS} apps, ${trace.app.length} requests in a day, starts of 300 s`);
console.log('policy,knob,machines,seconds,events,events_per_s,looks');
const names = process.argv.length > 2 ? process.argv.slice(2) : POLICY_NAMES;
for (const policy of names.map((name) => policiesNamed([name])[1] ?? policiesNamed([name])[0])) {
  for (const shared of [false, true]) {
    const machines = shared ? { shared, keepAliveMs: 300_000, gpusPerMachine: 4 } : {};
    const began = performance.now();
    const { events, looks } = simulate(trace, { policy, startTimes: startTimes(300), spec: () => spec, machines });
    const seconds = (performance.now() - began) / 1000;
    const pace = Math.round(events / seconds);
    console.log([policy.name, policy.knob, shared ? 'shared' : 'each', seconds.toFixed(2), events, pace, looks].join());
  }
}
