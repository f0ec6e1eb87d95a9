import { MachineType } from '../../lib';
import { MACHINE_NAMES } from '../../runtime/domain/machine-catalog';

const members = Object.entries(MachineType).filter((entry): entry is [string, MachineType] => {
  return entry[1] instanceof MachineType;
});

test('every machine type of the catalog has a member, in its order', () => {
  expect(members.map(([, machine]) => machine.name)).toEqual(MACHINE_NAMES);
});

test('a member is called as the machine type is', () => {
  for (const [member, machine] of members) expect(member).toBe(machine.name.replaceAll('-', '_'));
});

test('a machine type is found by its name and prints as it', () => {
  expect(MachineType.of('GPU-A10G').toString()).toBe('GPU-A10G');
  expect(MachineType.of('GPU-A10G')).toEqual(MachineType.GPU_A10G);
});

test('an unknown name is refused at once, with the nearest', () => {
  expect(() => MachineType.of('GPU-A10')).toThrow(
    "machine_type 'GPU-A10' is unknown; did you mean 'GPU-A10G'? Known: XS,",
  );
});

test('CPU machines have no GPU', () => {
  const withGpu = members.filter(([, machine]) => machine.hasGpu).map(([member]) => member);
  expect(withGpu).toEqual(members.map(([member]) => member).filter((member) => member.startsWith('GPU')));
});
