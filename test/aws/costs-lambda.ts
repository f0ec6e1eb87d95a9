/** What Lambda would charge for, by what functions used here. */
import type { LambdaUsage } from './lambda-process';

export interface FunctionUsage extends LambdaUsage {
  /** Part of the name of its role. */
  readonly name: string;
  readonly memoryMiB: number;
}

/** Memory that comes with one whole processor, by Lambda's documentation; less has its share of it. */
const PROCESSOR_MIB = 1_769;

/** What a call of another service is taken to last, ms: emulators on a busy machine say nothing about that. */
const WAIT_MS = { dynamodb: 5, sqs: 8, other: 50 } as const;

/**
 * Calls, and time by memory: the processor's time as measured, stretched to the share of a processor that the function has,
 * and the waits for other services one after the other. Calls that are held for an app last as long as they did.
 */
export function lambdaTime(
  before: readonly FunctionUsage[],
  after: readonly FunctionUsage[],
  awsCalls: readonly { readonly principal: string; readonly action: string }[],
  held: boolean,
): { readonly lambdaCalls: number; readonly lambdaGbSeconds: number } {
  let [lambdaCalls, lambdaGbSeconds] = [0, 0];
  for (const [index, { name, memoryMiB, calls, ms, cpuMs }] of after.entries()) {
    const old = before[index] ?? { calls: 0, ms: 0, cpuMs: 0 };
    const waits = awsCalls.filter(({ principal }) => principal.includes(name)).map(({ action }) => waitOf(action));
    const busyMs = (cpuMs - old.cpuMs) / Math.min(1, memoryMiB / PROCESSOR_MIB);
    const estimateMs = calls === old.calls ? 0 : busyMs + waits.reduce((sum, wait) => sum + wait, 0);
    const billedMs = held && name === 'Gateway' ? ms - old.ms : estimateMs;
    lambdaCalls += calls - old.calls;
    lambdaGbSeconds += (billedMs / 1_000) * (memoryMiB / 1_024);
  }
  return { lambdaCalls, lambdaGbSeconds };
}

function waitOf(action: string): number {
  const [service = ''] = action.split(':');
  return service === 'dynamodb' || service === 'sqs' ? WAIT_MS[service] : WAIT_MS.other;
}
