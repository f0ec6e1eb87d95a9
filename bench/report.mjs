/** The results in words and tables (Markdown). */

const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const times = (value) => `${value.toFixed(2)} ×`;
const percent = (value) => `${(value * 100).toFixed(0)} %`;

/** `results` as `runRounds` gives them, the platform with the bare server and with the fal.App first. */
export function report({ machine, command, rounds, results }) {
  const [bare, fal, ...peers] = results;
  const falServe = peers.find(({ name, paths }) => name.startsWith('fal ') && paths !== undefined);
  const queued = peers.filter(({ paths }) => paths?.queue !== undefined);
  return [
    `\`${command}\` on ${machine}. Medians of ${rounds === 1 ? 'a single round' : `${rounds} rounds`}.`,
    table(
      ['', 'way', 'answers/s, 64 in flight', 'p50 / p99 ms', '1 in flight: p50 / p99 ms', 'added at p50'],
      results.flatMap(rows),
    ),
    table(['aim', 'measured', ''], [...ownAims(bare, fal, falServe), ...queued.map((peer) => aheadOf(bare, peer))]),
  ].join('\n\n');
}

const WAY = { direct: 'app called directly', run: '`/run`', queue: 'queue: submit → result' };

function rows({ name, failure, paths }) {
  if (failure !== undefined) return [[name, `not measured: ${oneLine(failure)}`, '', '', '', '']];
  return Object.entries(paths).map(([path, { 1: alone, 64: many }]) => [
    name,
    WAY[path],
    many.perSecond.toFixed(0),
    `${ms(many.p50)} / ${ms(many.p99)}`,
    `${ms(alone.p50)} / ${ms(alone.p99)}`,
    path === 'direct' || paths.direct === undefined ? '' : `${ms(alone.p50 - paths.direct[1].p50)} ms`,
  ]);
}

/** The aims that the project has set itself. */
function ownAims(bare, fal, falServe) {
  const aims = [];
  for (const { name, paths } of [bare, fal]) {
    if (paths === undefined) continue;
    for (const path of ['run', 'queue']) {
      const added = paths[path][1].p50 - paths.direct[1].p50;
      aims.push([`${name}, ${WAY[path]}: at most 3 ms added at p50`, `${ms(added)} ms`, verdict(added <= 3)]);
    }
  }
  if (bare.paths !== undefined) {
    const { perSecond } = bare.paths.queue[64];
    aims.push([`${bare.name}: 1,000 queued requests/s`, `${perSecond.toFixed(0)}/s`, verdict(perSecond >= 1000)]);
  }
  for (const { name, paths } of fal.paths === undefined ? [] : [fal, ...(falServe === undefined ? [] : [falServe])]) {
    for (const path of ['run', 'queue']) {
      const share = fal.paths[path][64].perSecond / paths.direct[64].perSecond;
      const direct = name === fal.name ? 'the app called directly' : `the app under ${name}, called directly`;
      aims.push([
        `${fal.name}, ${WAY[path]}: 80 % of the answers/s of ${direct}`,
        percent(share),
        verdict(share >= 0.8),
      ]);
    }
  }
  return aims;
}

function aheadOf(bare, { name, paths }) {
  if (bare.paths === undefined) return [`Queue ahead of ${name}`, 'not measured', ''];
  const many = bare.paths.queue[64].perSecond / paths.queue[64].perSecond;
  const alone = paths.queue[1].p50 / bare.paths.queue[1].p50;
  const measured = `${times(many)} its requests/s, ${times(alone)} as quick alone`;
  return [`${bare.name}: queue ahead of ${name}`, measured, verdict(many > 1)];
}

function verdict(met) {
  return met ? 'met' : '**missed**';
}

function table(head, body) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

function oneLine(text) {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 200);
}
