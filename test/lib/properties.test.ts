/** Whatever combination of props is tried gives a template that ECS and Auto Scaling take, or a refusal with words. */
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fc from 'fast-check';
import { AppSource, Capacity, MachineType, ServerlessGpuApp, Volume, type ServerlessGpuAppProps } from '../../lib';
import { MACHINE_NAMES } from '../../runtime/domain/machine-catalog';
import { INSTANCE_TYPES } from '../../runtime/domain/machine-catalog.data';
import { newStack, OCR } from './synthesis';

const seconds = fc.integer({ min: 0, max: 3_700 }).map((count) => Duration.seconds(count));
const machine = fc.constantFrom(...MACHINE_NAMES).map((name) => MachineType.of(name));

const props: fc.Arbitrary<ServerlessGpuAppProps> = fc.record(
  {
    source: fc.constantFrom(OCR, AppSource.image(ecs.ContainerImage.fromRegistry('vllm/vllm-openai'), { port: 8000 })),
    machineType: machine,
    fallbackMachineTypes: fc.array(machine, { maxLength: 2 }),
    numGpus: fc.integer({ min: 1, max: 9 }),
    acknowledgeEightGpuMachine: fc.boolean(),
    minConcurrency: fc.integer({ min: 0, max: 6 }),
    maxConcurrency: fc.integer({ min: 4, max: 1001 }),
    maxMultiplexing: fc.integer({ min: 1, max: 8 }),
    keepAlive: seconds,
    terminationGracePeriod: seconds,
    capacity: fc.constantFrom(
      Capacity.onDemand(),
      Capacity.spot({ fallback: false }),
      Capacity.spot({ dedicated: true }),
      Capacity.capacityBlock('cr-0123'),
    ),
    volumes: fc.constantFrom<Readonly<Record<string, Volume>>>(
      {},
      { '/cache': Volume.efs('cache') },
      { '/models': Volume.efs('models') },
      { models: Volume.efs('models') },
    ),
    verifyOnDeploy: fc.boolean(),
  },
  { requiredKeys: ['source'] },
);

test('every combination of props gives a template that fits its machines, or a refusal that names the construct', () => {
  let accepted = 0;
  fc.assert(
    fc.property(props, (given) => {
      const stack = newStack();
      let refusal: unknown;
      try {
        new ServerlessGpuApp(stack, 'Any', given);
      } catch (error) {
        refusal = error;
      }
      if (refusal !== undefined) expect((refusal as Error).message).toMatch(/^Gpu\/Any: .*[`a-z]/);
      else {
        expectFit(Template.fromStack(stack));
        accepted += 1;
      }
    }),
    { numRuns: 40 },
  );
  expect(accepted).toBeGreaterThan(5);
}, 240_000);

interface TaskDefinition {
  readonly ContainerDefinitions: readonly {
    readonly Cpu: number;
    readonly Memory: number;
    readonly LinuxParameters?: { readonly SharedMemorySize: number };
    readonly ResourceRequirements?: readonly { readonly Type: string; readonly Value: string }[];
  }[];
}

/** A runner fits every machine it may be placed on. */
function expectFit(template: Template): void {
  const [task] = propertiesOf(template, 'AWS::ECS::TaskDefinition') as readonly TaskDefinition[];
  const containers = task!.ContainerDefinitions;
  const cpu = sum(containers.map((container) => container.Cpu));
  const memory = sum(containers.map((container) => container.Memory));
  const gpus = sum(containers.map(({ ResourceRequirements: [gpu] = [] }) => Number(gpu?.Value ?? 0)));
  for (const container of containers) {
    expect(container.Cpu).toBeGreaterThan(0);
    expect(container.Memory).toBeGreaterThanOrEqual(256);
    expect(container.LinuxParameters?.SharedMemorySize ?? 0).toBeLessThan(container.Memory);
  }
  const templates = propertiesOf(template, 'AWS::EC2::LaunchTemplate') as readonly {
    LaunchTemplateData: { InstanceType: string };
  }[];
  expect(templates.length).toBeGreaterThan(0);
  for (const { LaunchTemplateData: machineData } of templates) {
    const instance = INSTANCE_TYPES.find(({ name }) => name === machineData.InstanceType)!;
    expect(cpu).toBeLessThanOrEqual(instance.vcpus * 1024);
    expect(memory).toBeLessThanOrEqual(instance.memoryMib * 0.93);
    expect(gpus).toBeLessThanOrEqual(instance.gpus);
  }
}

function propertiesOf(template: Template, type: string): readonly unknown[] {
  return Object.values(template.findResources(type)).map(
    (resource) => (resource as { Properties: unknown }).Properties,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
