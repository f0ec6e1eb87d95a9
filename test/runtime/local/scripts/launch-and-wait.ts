/** A platform reduced to its fleet: launches one app and waits to be killed. The app prints its own process ids. */
import { writeSync } from 'node:fs';
import { launched } from '../../../../runtime/domain/runner';
import { ChildProcessFleet } from '../../../../runtime/local/child-process-fleet';
import { Database } from '../../../../runtime/local/database';
import { GpuInventory } from '../../../../runtime/local/gpu-inventory';
import { exampleApp } from '../../../contract/example-app';

const [, , folder = '', command = '', ...args] = process.argv;
const app = exampleApp();
const fleet = new ChildProcessFleet({
  database: Database.open(folder),
  gpus: new GpuInventory([]),
  plan: async () => ({ command, args, cwd: folder, env: { PATH: process.env.PATH }, port: 1 }),
  attach: (_runner, _app, child) => {
    writeSync(1, `guard ${child.group}\n`);
    child.onLine(({ message }) => writeSync(1, `${message}\n`));
  },
  report: () => undefined,
});
void fleet.launch(launched({ id: 'runner-1', app: app.id, revision: 'r1', createdAt: Date.now() }), app);
setInterval(() => undefined, 1_000);
