import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreFullError } from '../../../runtime/domain/store-full-error';
import { UserError } from '../../../runtime/domain/user-error';
import { Database } from '../../../runtime/local/database';
import { temporaryFolder } from './state-folder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const opened: Database[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const database of opened.splice(0)) database.close();
  await folder.remove();
});

function open(path = folder.path): Database {
  const database = Database.open(path);
  opened.push(database);
  return database;
}

function add(database: Database, id: string, record = '{}'): Promise<number> {
  return database.write(() => database.run('INSERT INTO apps (id, record) VALUES (?, ?)', id, record));
}

function ids(database: Database): readonly unknown[] {
  return database.all<readonly [string]>('SELECT id FROM apps ORDER BY id').flat();
}

describe('opening', () => {
  test('a state folder that does not exist is made', () => {
    expect(ids(open(join(folder.path, 'new', 'state')))).toEqual([]);
  });

  test('a folder in use is refused with the mend', () => {
    open();
    expect(() => Database.open(folder.path)).toThrow(
      new UserError(`The state folder ${folder.path} is in use by another sgpu; stop it or choose --state`),
    );
  });

  test('another process is refused, too', () => {
    open();
    const script = `
      const db = new (require('libsql'))(process.argv[1]);
      try { db.prepare('SELECT * FROM apps').all(); console.log('open'); } catch (error) { console.log(error.code); }`;
    const output = execFileSync(process.execPath, ['-e', script, join(folder.path, 'sgpu.db')], { encoding: 'utf8' });
    expect(output.trim()).toBe('SQLITE_BUSY');
  });

  test('a closed folder can be opened again at once, with everything in it', async () => {
    const database = open();
    await add(database, 'kept');
    database.close();
    expect(ids(open())).toEqual(['kept']);
  });

  test('a folder of a newer release is refused', async () => {
    const database = open();
    await database.write(() => database.run('PRAGMA user_version = 1000'));
    database.close();
    expect(() => Database.open(folder.path)).toThrow(/written by a newer sgpu; update sgpu or choose another --state/);
  });

  test('a file that is no database is named', async () => {
    await writeFile(join(folder.path, 'sgpu.db'), 'no database '.repeat(100));
    expect(() => Database.open(folder.path)).toThrow(/sgpu\.db is damaged/);
  });
});

describe('writing', () => {
  test('writes of one turn are all stored, each with its own result', async () => {
    const database = open();
    const results = await Promise.all([add(database, 'a'), add(database, 'b'), database.write(() => 'c')]);
    expect(results).toEqual([1, 1, 'c']);
    expect(ids(database)).toEqual(['a', 'b']);
  });

  test('nothing is visible before the commit', async () => {
    const database = open();
    const writing = add(database, 'a');
    expect(ids(database)).toEqual([]);
    await writing;
    expect(ids(database)).toEqual(['a']);
  });

  test('a write that throws is undone whole and takes none of its neighbours down', async () => {
    const database = open();
    const failing = database.write(() => {
      database.run('INSERT INTO apps (id, record) VALUES (?, ?)', 'half', '{}');
      throw new Error('no');
    });
    const duplicate = [add(database, 'a'), add(database, 'a')];
    const results = await Promise.allSettled([failing, ...duplicate, add(database, 'b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await expect(failing).rejects.toThrow('no');
    expect(ids(database)).toEqual(['a', 'b']);
  });

  test('a write sees those asked for before it', async () => {
    const database = open();
    void add(database, 'a');
    expect(await database.write(() => ids(database))).toEqual(['a']);
  });

  test('closing commits what was asked for, and refuses what comes later', async () => {
    const database = open();
    const writing = add(database, 'a');
    database.close();
    await writing;
    await expect(add(database, 'b')).rejects.toThrow('closed');
    expect(ids(open())).toEqual(['a']);
  });
});

describe('a full disk', () => {
  /** SQLite reports its own limit of pages with the same code as a full disk. */
  function fill(database: Database): void {
    const [pages] = database.first<readonly [number]>('PRAGMA page_count') ?? [0];
    database.first(`PRAGMA max_page_count = ${pages + 2}`);
  }

  test('is told as such, stores nothing by halves and keeps what was there', async () => {
    const database = open();
    await add(database, 'before');
    fill(database);
    const large = database.write(() => {
      database.run('INSERT INTO apps (id, record) VALUES (?, ?)', 'first half', '{}');
      database.run('INSERT INTO apps (id, record) VALUES (?, ?)', 'second half', 'x'.repeat(1_000_000));
    });
    await expect(large).rejects.toThrow(StoreFullError);
    expect(ids(database)).toEqual(['before']);
  });

  test('does not hinder a neighbour that still finds room', async () => {
    const database = open();
    fill(database);
    const [large, small] = await Promise.allSettled([
      add(database, 'large', 'x'.repeat(1_000_000)),
      add(database, 'small'),
    ]);
    expect([large.status, small.status]).toEqual(['rejected', 'fulfilled']);
    expect(ids(database)).toEqual(['small']);
  });

  test('does not keep the database from being closed and opened again', async () => {
    const database = open();
    await add(database, 'before');
    fill(database);
    await expect(add(database, 'large', 'x'.repeat(1_000_000))).rejects.toThrow(StoreFullError);
    database.close();
    expect(ids(open())).toEqual(['before']);
  });

  test('is over once there is room again', async () => {
    const database = open();
    fill(database);
    await expect(add(database, 'large', 'x'.repeat(1_000_000))).rejects.toThrow(StoreFullError);
    database.first('PRAGMA max_page_count = 1000000');
    await add(database, 'large', 'x'.repeat(1_000_000));
    expect(ids(database)).toEqual(['large']);
  });
});
