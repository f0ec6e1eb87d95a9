import { UserData } from 'aws-cdk-lib/aws-ec2';
import { WEIGHT_CACHE } from '../../runtime/aws-layout';
import { RESERVED_MIB } from './machine-room';

export interface MachineUserDataOptions {
  readonly cluster: string;
  readonly instanceStore: boolean;
  readonly spot: boolean;
  readonly warmPool: boolean;
}

/** What a machine does at its first boot. None of it has been run on EC2 yet. */
export function machineUserData({ cluster, instanceStore, spot, warmPool }: MachineUserDataOptions): UserData {
  const userData = UserData.forLinux();
  userData.addCommands('set -o errexit');
  if (instanceStore) userData.addCommands(...INSTANCE_STORE);
  userData.addCommands(
    "cat >> /etc/ecs/ecs.config <<'CONFIG'",
    `ECS_CLUSTER=${cluster}`,
    `ECS_RESERVED_MEMORY=${RESERVED_MIB}`,
    // An image that is here is not asked for again, and not cleaned up: the next runner starts from it.
    'ECS_IMAGE_PULL_BEHAVIOR=prefer-cached',
    // CUDA layers have gigabytes.
    'ECS_IMAGE_PULL_INACTIVITY_TIMEOUT=10m',
    'ECS_CONTAINER_START_TIMEOUT=10m',
    // Shorter than the credentials of an EFS mount live.
    'ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=10m',
    'ECS_AWSVPC_BLOCK_IMDS=true',
    ...(spot ? ['ECS_ENABLE_SPOT_INSTANCE_DRAINING=true'] : []),
    // The agent joins the cluster when the machine leaves the pool, not while it is prepared.
    ...(warmPool ? ['ECS_WARM_POOLS_CHECK=true'] : []),
    'CONFIG',
  );
  return userData;
}

/** The disks of the machine as one, for images and containers. They are encrypted by the hardware and end with it. */
const INSTANCE_STORE = [
  "disks=$(lsblk --nodeps --noheadings --output PATH,MODEL | awk '/Instance Storage/ { print $1 }')",
  'if [ -n "$disks" ]; then',
  '  disk=$disks',
  '  if [ "$(wc --words <<< "$disks")" -gt 1 ]; then',
  '    disk=/dev/md0',
  '    mdadm --create "$disk" --level=0 --raid-devices="$(wc --words <<< "$disks")" $disks',
  '  fi',
  '  mkfs.xfs -f "$disk"',
  '  mkdir --parents /mnt/instance-store',
  '  mount --options noatime "$disk" /mnt/instance-store',
  '  systemctl stop docker.socket docker.service',
  '  mkdir --parents /mnt/instance-store/docker',
  '  cp --archive /var/lib/docker/. /mnt/instance-store/docker/',
  '  mount --bind /mnt/instance-store/docker /var/lib/docker',
  '  systemctl start docker.socket docker.service',
  `  mkdir --mode=1777 ${WEIGHT_CACHE.machineFolder}`,
  'fi',
];
