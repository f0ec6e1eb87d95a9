/** Everything that can't work is refused at synthesis, by the name of its prop and with what to do. */
import { Duration, Fn, Size, Token } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { InstanceType, MachineImage } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppSource, Capacity, MachineType, ServerlessGpuApp, Volume, type ServerlessGpuAppProps } from '../../lib';
import { newStack, OCR, templateOf } from './synthesis';

const image = AppSource.image(ecs.ContainerImage.fromRegistry('vllm/vllm-openai'), { port: 8000 });
const types = (...names: string[]): { instanceTypes: InstanceType[] } => ({
  instanceTypes: names.map((name) => new InstanceType(name)),
});

const refused: readonly (readonly [string, Partial<ServerlessGpuAppProps>, RegExp])[] = [
  ['more GPUs than any size has', { machineType: MachineType.GPU_T4, numGpus: 9 }, /`numGpus` is 9: .*8/],
  [
    'GPUs on a machine without',
    { machineType: MachineType.M, numGpus: 1 },
    /`numGpus` is 1, but `machineType` 'M' has no GPU/,
  ],
  [
    'a share of eight GPUs',
    { machineType: MachineType.GPU_A100 },
    /p4d\.24xlarge .*\$21\.96 .*`acknowledgeEightGpuMachine: true`/,
  ],
  [
    'p5e without a Capacity Block',
    { machineType: MachineType.GPU_H200, numGpus: 8, capacity: Capacity.onDemand(types('p5e.48xlarge')) },
    /p5e\.48xlarge is sold by Capacity Block alone: use Capacity\.capacityBlock/,
  ],
  [
    'a Capacity Block of machines that have none',
    { machineType: MachineType.GPU_A10G, capacity: Capacity.capacityBlock('cr-1', types('g5.xlarge')) },
    /no Capacity Blocks for g5\.xlarge: use Capacity\.onDemand\(\)/,
  ],
  [
    'a reservation of an unknown type',
    { machineType: MachineType.GPU_A10G, capacity: Capacity.capacityReservation('cr-1') },
    /one instance type: name it with `instanceTypes`, one of g5\.xlarge/,
  ],
  ['an unknown instance type', { capacity: Capacity.onDemand(types('g5.tiny')) }, /g5\.tiny is not a type/],
  [
    'an Arm machine',
    { machineType: MachineType.CPU, capacity: Capacity.onDemand(types('c7g.xlarge')) },
    /c7g\.xlarge is an Arm machine/,
  ],
  [
    'an instance type with another GPU',
    { machineType: MachineType.GPU_A10G, capacity: Capacity.onDemand(types('g6.xlarge')) },
    /g6\.xlarge is no machine for GPU-A10G.*g5\.xlarge.*`machineType`/,
  ],
  ['a relative mount path', { volumes: { models: Volume.efs('models') } }, /`volumes`.*absolute path/],
  ['a mount path of the platform', { volumes: { '/run/sgpu': Volume.efs('x') } }, /`volumes`: \/run\/sgpu would hide/],
  [
    'a mount path of the kernel',
    { volumes: { '/proc/x': Volume.efs('x') } },
    /`volumes`: \/proc\/x belongs to the operating system/,
  ],
  [
    "a mount path in the machine's weight cache",
    { volumes: { '/run/sgpu-weights/mine': Volume.efs('x') } },
    /`volumes`: \/run\/sgpu-weights\/mine would hide \/run\/sgpu-weights/,
  ],
  [
    'more settings than a parameter holds',
    {
      volumes: Object.fromEntries(
        Array.from({ length: 90 }, (_, n) => [`/${'m'.repeat(40)}-${n}`, Volume.efs(`v${n}`)]),
      ),
    },
    /`volumes` is too long: \/sgpu\/gpu\/apps\/ocr would have \d+ bytes of at most 4096/,
  ],
  [
    'min above max',
    { minConcurrency: 3, maxConcurrency: 2 },
    /`minConcurrency` 3 is above `maxConcurrency` 2: lower it/,
  ],
  ['a long keep-alive', { keepAlive: Duration.days(8) }, /`keepAlive` \(seconds\) is 691200: .*604800/],
  ['half a second', { keepAlive: Duration.millis(1500) }, /`keepAlive` \(seconds\) is 1\.5/],
  [
    'a long grace period',
    { terminationGracePeriod: Duration.hours(2) },
    /`terminationGracePeriod` \(seconds\) is 7200/,
  ],
  ['a bad name', { name: 'My App' }, /`name` is "My App"/],
  ['a long name', { name: 'a'.repeat(49) }, /`name`.*49 characters: set one of at most 48/],
  ["the name of the platform's queue", { name: 'control' }, /`name` is 'control'/],
  ['a name from the deployment', { name: Fn.ref('AWS::StackName') }, /`name` must be known at synthesis/],
  [
    'GPUs from the deployment',
    { machineType: MachineType.GPU, numGpus: Token.asNumber(Fn.ref('AWS::NoValue')) },
    /`numGpus` must be known at synthesis/,
  ],
  [
    'runners from the deployment without a limit of machines',
    { maxConcurrency: Token.asNumber(Fn.ref('AWS::NoValue')) },
    /`maxConcurrency` is known at deployment alone: set `maxMachines`/,
  ],
  ['a variable of the platform', { environment: { SGPU_TABLE: 'x' } }, /SGPU_TABLE is set by the platform/],
  [
    'a port beside that of the source',
    { environment: { PORT: '1' } },
    /PORT is set by the platform: the port is that of the `source`/,
  ],
  [
    'a variable twice',
    {
      environment: { TOKEN: 'x' },
      secrets: { TOKEN: ecs.Secret.fromSecretsManager(Secret.fromSecretNameV2(newStack(), 'Secret', 'token')) },
    },
    /TOKEN is in `environment` and in `secrets`/,
  ],
  [
    'a small root volume',
    { capacity: Capacity.onDemand({ rootVolumeSize: Size.gibibytes(8) }) },
    /`capacity\.rootVolumeSize` is 8 GiB/,
  ],
  [
    'a warm pool on Spot',
    { capacity: Capacity.spot({ stoppedMachines: 1 }) },
    /`capacity\.stoppedMachines`: there are no warm pools of Spot/,
  ],
  [
    'a machine without GPUs in place of one with',
    { machineType: MachineType.GPU_L4, fallbackMachineTypes: [MachineType.XS] },
    /`fallbackMachineTypes`: GPU-L4 and XS can't stand in/,
  ],
  ['no machines', { capacity: Capacity.onDemand({ maxMachines: 0 }) }, /`capacity\.maxMachines` is 0/],
  [
    'a file that is not there',
    { source: AppSource.falApp('nowhere/app.py') },
    /`source`: there is no file nowhere\/app\.py/,
  ],
  [
    'a port that is none',
    { source: AppSource.image(ecs.ContainerImage.fromRegistry('x'), { port: 0 }) },
    /`port` is 0/,
  ],
];

test.each(refused)('%s is refused', (_what, props, message) => {
  expect(() => templateOf({ source: image, ...props })).toThrow(message);
});

test('a refusal names the construct', () => {
  expect(() => templateOf({ minConcurrency: -1 })).toThrow(/^Gpu\/Ocr: /);
});

test('a fal attribute that is not literal is refused by its line and the prop that can stand in', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sgpu-')), 'app.py');
  writeFileSync(file, 'import os\nimport fal\n\nclass Mine(fal.App):\n    keep_alive = int(os.environ["X"])\n');
  expect(() => templateOf({ source: AppSource.falApp(file) })).toThrow(/`source`: .*app\.py:5: keep_alive/);
});

test('two apps of one name on one platform are refused', () => {
  const stack = newStack();
  new ServerlessGpuApp(stack, 'One', { source: OCR });
  expect(() => new ServerlessGpuApp(stack, 'Two', { source: OCR })).toThrow(
    /^Gpu\/Two: `name` is 'ocr', as that of Gpu\/One/,
  );
});

test('apps with different machine images can share machines only by mistake', () => {
  const stack = newStack();
  const own = (ami: string): Capacity =>
    Capacity.onDemand({ machineImage: MachineImage.genericLinux({ 'eu-west-1': ami }) });
  const capacity = own('ami-1');
  new ServerlessGpuApp(stack, 'One', { source: image, capacity });
  new ServerlessGpuApp(stack, 'Two', { source: image, capacity });
  expect(() => new ServerlessGpuApp(stack, 'Three', { source: image, capacity: own('ami-2') })).toThrow(
    /apps that differ in `machineImage` can't share machines: .*one and the same object, or `dedicated: true`/,
  );
});

test('GPUs that no runner of the app can use are warned of', () => {
  const stack = newStack();
  new ServerlessGpuApp(stack, 'Three', { source: image, machineType: MachineType.GPU_A10G, numGpus: 3 });
  Annotations.fromStack(stack).hasWarning('/Gpu/Three', Match.stringLikeRegexp('`numGpus` is 3 and g5.12xlarge has 4'));
});

test('settings that are known at deployment are left to it', () => {
  const keepAlive = Duration.seconds(Token.asNumber(Fn.importValue('KeepAlive')));
  const template = templateOf({ keepAlive, minConcurrency: Token.asNumber(Fn.importValue('Min')) });
  const json = JSON.stringify(
    template.findResources('AWS::SSM::Parameter', { Properties: { Name: '/sgpu/gpu/apps/ocr' } }),
  );
  expect(json).toContain('"Fn::ImportValue":"KeepAlive"');
  expect(json).toContain('"Fn::ImportValue":"Min"');
});
