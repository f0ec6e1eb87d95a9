/** The doubles that other tests stand on keep the contracts, too. */
import { MemoryKeyStore } from '../support/memory-key-store';
import { MemoryLearningStore } from '../support/memory-learning-store';
import {
  ManualClock,
  MemoryAppStore,
  MemoryDoorbell,
  MemoryRequestStore,
  MemoryRunnerRegistry,
  MemorySecretStore,
} from '../support/memory-stores';
import { describeAppStore } from './app-store';
import { describeDoorbell } from './doorbell';
import { describeKeyStore } from './key-store';
import { describeLearningStore } from './learning-store';
import { describeRequestStore } from './request-store';
import { describeRunnerRegistry } from './runner-registry';
import { describeSecretStore } from './secret-store';

const close = async (): Promise<void> => undefined;
const prepare = close;

describeRequestStore('MemoryRequestStore', async () => ({
  store: new MemoryRequestStore(),
  clock: new ManualClock(),
  close,
}));
describeRunnerRegistry('MemoryRunnerRegistry', async () => ({ runners: new MemoryRunnerRegistry(), close }));
describeAppStore('MemoryAppStore', async () => ({ apps: new MemoryAppStore(), close }));
describeKeyStore('MemoryKeyStore', async () => ({ keys: new MemoryKeyStore(), close }));
describeLearningStore('MemoryLearningStore', async () => ({ learnings: new MemoryLearningStore(), close }));
describeSecretStore('MemorySecretStore', async () => ({ secrets: new MemorySecretStore(), close }));
describeDoorbell('MemoryDoorbell', async () => ({ doorbell: new MemoryDoorbell(), prepare, close }));
