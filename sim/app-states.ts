/** The apps of a trace as a simulation begins. */
import { AppState } from './app-state';
import type { AppProfile } from './policy';
import { Random } from './random';
import type { SimulationSettings } from './simulation-settings';
import type { Trace } from './trace';
import { WaitingLine } from './waiting-line';

export function appStates(trace: Trace, settings: SimulationSettings, seed: number): readonly AppState[] {
  const means = meanServices(trace);
  return trace.apps.map((id, number) => {
    const profile: AppProfile = {
      id,
      spec: settings.spec(id),
      gpus: settings.gpus?.(id) ?? 1,
      meanServiceMs: means[number] ?? 0,
    };
    const scaler = settings.policy.scaler(profile, new Random(seed, `scaler of ${id}`));
    return new AppState(number, profile, scaler, new WaitingLine(), trace.arrivalMs);
  });
}

function meanServices({ apps, app, serviceMs }: Trace): readonly number[] {
  const sums = apps.map(() => ({ sum: 0, count: 0 }));
  app.forEach((place, request) => {
    const entry = sums[place];
    if (entry === undefined) return;
    entry.sum += serviceMs[request] ?? 0;
    entry.count += 1;
  });
  return sums.map(({ sum, count }) => (count === 0 ? 0 : sum / count));
}
