// How long synthesis takes in a process of its own, with the CDK's built-in validation of templates and without, for the app
// of cdk.json and, to tell what is the CDK's own part, for an empty stack: `node bench/synth.mjs [rounds]`. Prints the rows
// of the table in bench/README.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rounds = Number(process.argv[2] ?? 5);

/** Makes the process tell the processor time that it took: on a busy machine the clock says little. */
const TELL =
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(`cpu ${(user + system) / 1e6}`) })";

const cdk = JSON.stringify(createRequire(import.meta.url).resolve('aws-cdk-lib'));
const APPS = {
  'an empty stack': ['--eval', `const { App, Stack } = require(${cdk}); new Stack(new App(), 'Empty')`],
  'the app of `cdk.json`': [join(root, 'assets', 'cdk-app', 'app.js')],
};

for (const [name, app] of Object.entries(APPS)) {
  for (const validation of [false, true]) {
    const runs = Array.from({ length: rounds }, () => synthesis(app, validation));
    const [clock, processor] = ['clock', 'processor'].map((key) => median(runs.map((run) => run[key])).toFixed(1));
    console.log(`| ${name} | ${validation ? 'on' : 'off'} | ${clock} s | ${processor} s |`);
  }
}

/** As the CDK's command line runs it. */
function synthesis(app, validation) {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  const started = performance.now();
  const { stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, ...app],
    { cwd: root, env: { ...process.env, CDK_OUTDIR: outdir, CDK_VALIDATION: String(validation) }, encoding: 'utf8' },
  );
  const clock = (performance.now() - started) / 1000;
  rmSync(outdir, { recursive: true });
  return { clock, processor: Number(/^cpu (.*)$/m.exec(stderr)?.[1]) };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
