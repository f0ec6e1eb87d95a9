import { v7 as uuidv7 } from 'uuid';
import type { AppRecord } from '../../runtime/domain/app';
import { launched, type RunnerRecord } from '../../runtime/domain/runner';
import type { Fleet, FleetRunner } from '../../runtime/ports';
import { eventually } from './eventually';

export interface OpenFleet {
  readonly fleet: Fleet;
  /** Its runners run until they are stopped. */
  readonly lasting: AppRecord;
  /** Its runners end by themselves. */
  readonly failing: AppRecord;
  readonly close: () => Promise<void>;
}

/** What every `Fleet` does. */
export function describeFleet(name: string, open: () => Promise<OpenFleet>): void {
  describe(`${name} as a Fleet`, () => {
    let opened: OpenFleet;
    let fleet: Fleet;

    beforeAll(async () => {
      opened = await open();
      fleet = opened.fleet;
    });
    afterAll(() => opened.close());

    const runnerOf = ({ id: app, revision }: AppRecord): RunnerRecord =>
      launched({ id: uuidv7(), app, revision, createdAt: Date.now() });

    const listed = async (id: string): Promise<FleetRunner | undefined> => {
      await fleet.settle?.();
      return (await fleet.list()).find((runner) => runner.id === id);
    };

    test('a launched runner is listed as running until it is stopped', async () => {
      const runner = runnerOf(opened.lasting);
      await fleet.launch(runner, opened.lasting);
      expect(await listed(runner.id)).toMatchObject({ running: true });
      await fleet.stop(runner.id, 0);
      const ended = await eventually(async () => {
        const found = await listed(runner.id);
        expect(found).toMatchObject({ running: false });
        return found;
      });
      expect(ended?.exitReason).toMatch(/./);
    });

    test('launching an id twice starts one runner', async () => {
      const runner = runnerOf(opened.lasting);
      await Promise.all([fleet.launch(runner, opened.lasting), fleet.launch(runner, opened.lasting)]);
      await fleet.launch(runner, opened.lasting);
      expect((await fleet.list()).filter(({ id }) => id === runner.id)).toHaveLength(1);
      await fleet.stop(runner.id, 0);
      await eventually(async () => {
        expect(await listed(runner.id)).toMatchObject({ running: false });
      });
    });

    test('a runner that ends by itself is listed with the reason', async () => {
      const runner = runnerOf(opened.failing);
      await fleet.launch(runner, opened.failing);
      await eventually(async () => {
        expect(await listed(runner.id)).toMatchObject({ running: false });
      });
      expect((await listed(runner.id))?.exitReason).toMatch(/./);
    });

    test('stopping what is gone or was never there changes nothing', async () => {
      const runner = runnerOf(opened.failing);
      await fleet.launch(runner, opened.failing);
      await eventually(async () => {
        expect(await listed(runner.id)).toMatchObject({ running: false });
      });
      const before = await listed(runner.id);
      await fleet.stop(runner.id, 0);
      await fleet.stop(uuidv7(), 0);
      expect(await listed(runner.id)).toEqual(before);
    });
  });
}
