import { Database } from '../../../runtime/local/database';
import { SqliteRequestStore } from '../../../runtime/local/request-store';
import { compileScript, runScript } from './child-script';
import { temporaryFolder } from './state-folder';

test('no accepted request is lost when the platform is killed, however often', async () => {
  const folder = await temporaryFolder();
  const script = compileScript('submit-for-ever', folder.path);
  const accepted: string[] = [];
  for (let crash = 0; crash < 5; crash++) {
    const { process: child, lines } = runScript(script, folder.path);
    const killAfter = 1 + Math.floor(Math.random() * 500);
    let seen = 0;
    for await (const line of lines) {
      accepted.push(line);
      if (++seen === killAfter) child.kill('SIGKILL');
    }
    expect(seen).toBeGreaterThanOrEqual(killAfter);
  }

  const database = Database.open(folder.path);
  const store = new SqliteRequestStore(database, { remove: async () => undefined });
  const stored = await Promise.all(accepted.map(async (id) => [await store.get(id), await store.input(id)] as const));
  const bodies = stored.map(([, input]) => input && 'bytes' in input.body && Buffer.from(input.body.bytes).toString());
  expect(stored.map(([head]) => head?.id)).toEqual(accepted);
  expect(bodies).toEqual(accepted);
  expect((await store.backlog('owner/app', Date.now())).waiting).toBeGreaterThanOrEqual(accepted.length);
  database.close();
  await folder.remove();
});
