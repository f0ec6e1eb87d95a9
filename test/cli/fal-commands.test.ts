/**
 * Every command and option of fal's command line, of its current release and of older documents: each is understood, or
 * answered with what to do instead.
 */
import type { Command } from 'commander';
import { sgpuProgram } from '../../cli/program';
import { UserError } from '../../runtime/domain/user-error';

/** Commands with all their options; behind `!` what is answered with another way. */
const FAL: Readonly<Record<string, string>> = {
  'auth login': '!--connection=x --no-browser',
  'auth logout': '',
  'auth whoami': '',
  deploy:
    'app.py::App --app-name=x --name=x --auth=private --auth=public --auth=shared --strategy=rolling --strategy=recreate ' +
    '--attach --detach --no-scale --reset-scale --check --yes --message=x --annotation=a=b !--no-cache !--force-env-build ' +
    '!--env=x --output=json --json --machine-type=S --num-gpus=2 --min-concurrency=1 --max-concurrency=8',
  run:
    'app.py::App --app-name=x --auth=public --local !--exposed-port=8000 !--exposed-metrics-port=9 --machine-type=S ' +
    '!--no-cache !--forward-compat !--limit-max-requests=5 !--env=x',
  list: '',
  logs: 'app --follow',
  delete: 'app',
  'apps list': '--sort-by-runners --filter=x !--regions=x !--env=x --output=json --json',
  'apps list-rev': 'app !--env=x',
  'apps set-rev': 'app 41 !--auth=public !--strategy=recreate !--env=x',
  'apps scale':
    'app --keep-alive=1 --max-multiplexing=1 --max-concurrency=1 --min-concurrency=1 --concurrency-buffer=1 ' +
    '--concurrency-buffer-perc=1 --scaling-delay=1 --request-timeout=1 --startup-timeout=1 --machine-types=S --regions=x',
  'apps rollout': 'app --force !--env=x',
  'apps runners': 'app --since=1h --state=all --state=crash_backoff --json !--env=x',
  'apps gpus': 'app --json',
  'apps delete': 'app !--env=x',
  'apps delete-rev': '41',
  'runners list': '--since=1h --state=running --json',
  'runners stop': 'id --replace',
  'runners kill': 'id',
  'runners logs': 'id --search=x --since=1h --until=1h --follow --lines=5 --json',
  'runners shell': 'id',
  'runners exec': 'id --interactive --tty echo',
  'runners gpus': '',
  'queue size': 'app --by-user --json',
  'queue flush': 'app --caller-user-id=x',
  'secrets set': 'A=B --not-exposed-by-default !--env=x',
  'secrets list': '--json !--env=x',
  'secrets unset': 'A !--env=x',
  'secrets delete': 'A',
  'keys create': '--scope=ADMIN --scope=API --desc=x',
  'keys list': '',
  'keys revoke': 'id',
  '!environments list': '--json',
  '!environments create': 'x --description=x',
  '!environments delete': 'x --yes',
  'files list': '/data',
  'files ls': '/data',
  'files download': 'a b',
  'files upload': 'a b',
  '!files upload-url': 'a b',
  'files mv': 'a b',
  'files rm': 'a',
  'profile list': '',
  'profile set': 'x',
  'profile unset': '',
  '!profile key': '',
  '!profile host': '',
  '!profile create': 'x',
  '!profile delete': 'x',
  '!account list': '',
  '!account set': 'x',
  '!account unset': '',
  '!api': 'model key=value',
  doctor: '',
  '!create': 'app x',
  completion: 'bash',
};

const ALIASES: Readonly<Record<string, string>> = {
  apps: 'app application',
  runners: 'machine',
  profile: 'profiles',
  environments: 'envs',
  account: 'accounts team teams',
  keys: 'key',
};

/** What a command would be called with. The tree is the real one, and does nothing. */
async function parsed(...args: readonly string[]): Promise<string> {
  let outcome = 'nothing ran';
  const program = sgpuProgram();
  const still = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    const hidden = (command as unknown as { readonly _hidden?: boolean })._hidden === true;
    if (command.commands.length === 0 && !hidden) command.action(() => void (outcome = 'runs'));
    for (const below of command.commands) if (!isInstead(below)) still(below);
  };
  still(program);
  try {
    await program.parseAsync(['node', 'sgpu', ...args]);
    return outcome;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw new Error(`sgpu ${args.join(' ')}: ${(error as Error).message}`, { cause: error });
  }
}

/** Takes whatever is behind it. */
function isInstead(command: Command): boolean {
  return command.registeredArguments[0]?.name() === 'arguments';
}

const SENTENCE = /^.{20,}/;

describe.each(Object.entries(FAL))('%s', (name, text) => {
  const instead = name.startsWith('!');
  const path = name.replace('!', '').split(' ');
  const words = text.split(' ').filter((word) => word !== '');
  const values = words.filter((word) => !/^!?--/.test(word));
  const options = words.filter((word) => /^!?--/.test(word));

  test(instead ? 'is answered with what to do instead' : 'is understood', async () => {
    expect(
      await parsed(...path, ...words.filter((word) => instead && !word.startsWith('!')), ...(instead ? [] : values)),
    ).toMatch(instead ? SENTENCE : /^runs$/);
  });

  if (instead || options.length === 0) return;
  test.each(options)('%s', async (option) => {
    const answer = await parsed(...path, ...values, ...option.replace('!', '').replace('=', '\n').split('\n'));
    if (option.startsWith('!')) expect(answer).toMatch(/^--[a-z-]+: .{20,}/);
    else expect(answer).toBe('runs');
  });
});

test.each(Object.entries(ALIASES))('%s is also %s', async (name, others) => {
  const names = sgpuProgram().commands.flatMap((command) => [command.name(), ...command.aliases()]);
  expect(names).toEqual(expect.arrayContaining([name, ...others.split(' ')]));
});

test.each(['--debug', '--pdb', '--cprofile', '--team x', '--host x'])('%s before a command', async (option) => {
  expect(await parsed(...option.split(' '), 'list')).toMatch(/^--[a-z]+: .{20,}/);
});
