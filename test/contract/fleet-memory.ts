import type { CoolDown } from '../../runtime/domain/capacity-cool-down';
import { FleetConflictError, FleetNotes, type FleetMemory, type FleetNote } from '../../runtime/aws/machines-notes';

/** What every `FleetMemory` does. `open` gives an empty one. */
export function describeFleetMemory(
  name: string,
  open: () => Promise<{ readonly memory: FleetMemory; readonly close: () => Promise<void> }>,
): void {
  describe(`${name} as a FleetMemory`, () => {
    let memory: FleetMemory;
    let close: () => Promise<void>;

    beforeEach(async () => ({ memory, close } = await open()));
    afterEach(() => close());

    test('a note that was saved is read by whoever asks next', async () => {
      expect(await memory.save(machine(1))).toBe(true);
      expect(await memory.save(coolDown)).toBe(true);
      expect(await memory.all()).toEqual(expect.arrayContaining([machine(1), coolDown]));
    });

    test('of two that save a note in place of the same version, one succeeds', async () => {
      await memory.save(machine(1));
      const saved = await Promise.all([
        memory.save({ ...machine(2), zone: 'us-east-1a' }),
        memory.save({ ...machine(2), zone: 'us-east-1b' }),
      ]);
      expect(saved.filter(Boolean)).toHaveLength(1);
      expect(await memory.save({ ...machine(1), pool: 'late' })).toBe(false);
      expect(await memory.save(machine(4))).toBe(false);
      expect(await memory.save(machine(3))).toBe(true);
    });

    test('a note that was removed is gone, and removing it again changes nothing', async () => {
      await memory.save(machine(1));
      await memory.remove(machine(1));
      await memory.remove(machine(1));
      expect(await memory.all()).toEqual([]);
      expect(await memory.save(machine(1))).toBe(true);
    });

    test('more notes than fit one page are all read', async () => {
      const images = Array.from({ length: 20 }, (_, number) => `image-${number}-${'x'.repeat(5_000)}`);
      const ids = Array.from({ length: 15 }, (_, number) => `i-${number}`);
      for (const id of ids) await memory.save({ ...machine(1), id, images });
      expect((await memory.all()).map(({ id }) => id).sort()).toEqual([...ids].sort());
    });

    test('a pass writes only what changed, and fails where another was first', async () => {
      const notes = await FleetNotes.load(memory);
      const other = await FleetNotes.load(memory);
      const stored = await notes.put(machine(1));
      expect(await notes.put({ ...stored })).toEqual(stored);
      await expect(other.put({ ...machine(1), zone: 'us-east-1b' })).rejects.toThrow(FleetConflictError);
    });
  });
}

function machine(version: number): Extract<FleetNote, { readonly kind: 'machine' }> {
  return {
    ...{ kind: 'machine', id: 'i-0123', version, pool: 'gpu', zone: 'us-east-1a', launchedAt: 1 },
    ...{ failedStarts: 0, images: [], apps: ['test/app'] },
  };
}

const refused: CoolDown = {
  ...{ instanceType: 'g5.xlarge', market: 'spot', zone: 'us-east-1a', kind: 'capacity' },
  ...{ code: 'InsufficientInstanceCapacity', refusals: 1, until: 5 },
};
const coolDown: FleetNote = { kind: 'cool-down', id: 'one', version: 1, coolDown: refused, expiresAt: 6_000 };
