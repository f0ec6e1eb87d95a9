/**
 * What somebody who knows the future would pay. With all calls known, runners can be ready whenever one comes; what is left
 * to decide is whether to keep a runner through a pause or to end it and start it again. For each app and each number n
 * of requests at a time, that is one question a pause, answered by the cheaper of both: the least GPU time that serves
 * every request at once, on machines that are not shared. Who lets requests wait can need less.
 */
import type { Trace } from './trace';

/** GPU-hours; `startS` is a start with nothing warm, and each runner has one GPU. */
export function clairvoyantGpuHours(trace: Trace, startS: number): number {
  const startMs = 1000 * startS;
  return trace.apps.reduce((sum, _, app) => sum + appGpuMs(trace, app, startMs), 0) / HOUR_MS;
}

/** GPU-hours that requests work: nobody needs less. */
export function workGpuHours(trace: Trace): number {
  return trace.serviceMs.reduce((sum, ms) => sum + ms, 0) / HOUR_MS;
}

const HOUR_MS = 3_600_000;

function appGpuMs(trace: Trace, app: number, startMs: number): number {
  const freeAt: number[] = [];
  const changes = changesOf(trace, app);
  let there = 0;
  let gpuMs = 0;
  for (const { at, by } of changes) {
    if (by < 0) {
      freeAt[there - 1] = at;
      there -= 1;
    } else {
      const since = freeAt[there];
      gpuMs += since === undefined ? startMs : Math.min(startMs, at - since);
      there += 1;
    }
  }
  return gpuMs + changes.reduce((sum, { at, by }) => sum - at * by, 0);
}

/** Arrivals and ends of an app by time; of those at one time, ends come first. */
function changesOf(trace: Trace, app: number): readonly { readonly at: number; readonly by: 1 | -1 }[] {
  const changes: { at: number; by: 1 | -1 }[] = [];
  trace.app.forEach((place, request) => {
    if (place !== app) return;
    const at = trace.arrivalMs[request] ?? 0;
    changes.push({ at, by: 1 }, { at: at + (trace.serviceMs[request] ?? 0), by: -1 });
  });
  return changes.sort((a, b) => a.at - b.at || a.by - b.by);
}
