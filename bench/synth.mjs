// How long synthesis of one app takes in a process of its own, with the CDK's built-in validation of templates and without:
// `node bench/synth.mjs [rounds]`. Prints the rows of the table in bench/README.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rounds = Number(process.argv[2] ?? 5);

/** Makes the process tell the processor time that it took: on a busy machine the clock says little. */
const TELL =
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(`cpu ${(user + system) / 1e6}`) })";

for (const validation of [true, false]) {
  const runs = Array.from({ length: rounds }, () => synthesis(validation));
  const [clock, processor] = ['clock', 'processor'].map((key) => median(runs.map((run) => run[key])).toFixed(1));
  console.log(`| built-in validation ${validation ? 'on' : 'off'} | ${clock} s | ${processor} s |`);
}

/** The app of cdk.json, as the CDK's command line runs it. */
function synthesis(validation) {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  const started = performance.now();
  const { stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, join(root, 'assets', 'cdk-app', 'app.js')],
    { cwd: root, env: { ...process.env, CDK_OUTDIR: outdir, CDK_VALIDATION: String(validation) }, encoding: 'utf8' },
  );
  const clock = (performance.now() - started) / 1000;
  rmSync(outdir, { recursive: true });
  return { clock, processor: Number(/^cpu (.*)$/m.exec(stderr)?.[1]) };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
