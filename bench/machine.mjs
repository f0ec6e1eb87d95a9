/** The machine in a sentence. */
import { execFile } from 'node:child_process';
import { cpus, loadavg, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { redisVersion } from './redis.mjs';

export async function describeMachine() {
  const [processor] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const versions = [`Node ${process.versions.node}`, await pythonVersion(), await redis()].filter(Boolean).join(', ');
  const load = loadavg()[0].toFixed(1);
  return `${cpus().length} cores (${processor?.model.trim()}), ${gib} GiB, ${type()}, ${versions}; load average ${load} at the start`;
}

async function pythonVersion() {
  try {
    return (await promisify(execFile)('python3', ['--version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

async function redis() {
  try {
    return `Redis ${await redisVersion()}`;
  } catch {
    return undefined;
  }
}
