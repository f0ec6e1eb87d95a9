/**
 * Writes docs/compatibility.md from test/conformance/features.json; with `--check` it only says whether the file is current.
 * A feature counts as there where a test is named for it, and every test named must exist.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const document = join(root, 'docs', 'compatibility.md');

const sections = JSON.parse(readFileSync(join(root, 'test', 'conformance', 'features.json'), 'utf8'));
const missing = sections.flatMap(({ features }) => features.flatMap(missingTests));
if (missing.length > 0) fail(`These tests are named and do not exist:\n${missing.join('\n')}`);

const text = `${introduction()}\n${sections.map(table).join('\n')}`;
if (!process.argv.includes('--check')) writeFileSync(document, text);
else if (!existsSync(document) || readFileSync(document, 'utf8') !== text) {
  fail('docs/compatibility.md is not current: run node scripts/compatibility.mjs');
}

function introduction() {
  return `# Compatibility with fal

What runs on fal, and whether it runs here. *Yes* leads to the test that shows it, *refused* to the test that shows the
message; *differs* means that the platform does otherwise, as the note says; *–* that no test shows it yet, not that it is
known to fail. *Local* is \`sgpu run\`, *AWS* the platform on emulated AWS services and in containers, and what is built
for it. Rows that have the same test in both columns ran the same test on both. The sections are those of fal's own
documentation and SDK, as far as they could be observed.

Made by \`node scripts/compatibility.mjs\` from \`test/conformance/features.json\`.
`;
}

function table({ section, features }) {
  const rows = features.map(
    ({ feature, source, local, aws, note = '' }) =>
      `| ${feature} | ${source} | ${verdictOf(local)} | ${verdictOf(aws)} | ${note} |`,
  );
  return `## ${section}\n\n| feature | source | local | AWS | note |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

function verdictOf(evidence) {
  if (evidence === undefined) return '–';
  const { verdict = 'yes', file, test } = evidence;
  return `[${verdict}](../${file} "${test.replaceAll('"', "'")}")`;
}

function missingTests({ local, aws }) {
  return [local, aws]
    .filter((evidence) => evidence !== undefined && !declares(evidence))
    .map(({ file, test }) => `${file}: ${test}`);
}

/** A test is declared by its name as a string, or in Python as a function. */
function declares({ file, test }) {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8');
  if (file.endsWith('.py')) return source.includes(`def ${test}(`);
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${test}${quote},`));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
