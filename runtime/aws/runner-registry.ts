/** Runners in DynamoDB: those of an app in one partition, so that listing them sees every write made before. */
import { PARTITION, TABLE } from '../aws-layout';
import { alive, type RunnerRecord } from '../domain/runner';
import { appTag } from '../domain/tagged-id';
import type { RunnerRegistry } from '../ports';
import type { DynamoTable, Item, ItemKey } from './dynamo-table';
import { packed, unpacked } from './packed';

/** Runners that are gone are remembered this long. */
const REMEMBERED_SECONDS = 7 * 86_400;

const RECORD = 'h';
const VERSION = 'v';

/** Of the READY set of a revision. */
const MEMBERS = 'members';
const FLOOR = 'least';

export class DynamoRunnerRegistry implements RunnerRegistry {
  constructor(private readonly table: DynamoTable) {}

  async create(runner: RunnerRecord): Promise<boolean> {
    return (await this.table.create(runnerKey(runner.id), attributesOf(runner))) === undefined;
  }

  async get(id: string): Promise<RunnerRecord | undefined> {
    const item = await this.table.get(runnerKey(id));
    return item && recordOf(item);
  }

  async replace(next: RunnerRecord): Promise<boolean> {
    return this.table.update(runnerKey(next.id), {
      set: attributesOf(next),
      condition: `${VERSION} = :before`,
      values: { ':before': { N: String(next.version - 1) } },
    });
  }

  async list(app: string, terminatedSince = Infinity): Promise<readonly RunnerRecord[]> {
    const found: RunnerRecord[] = [];
    const runners = {
      KeyConditionExpression: `${TABLE.partitionKey} = :runners`,
      ExpressionAttributeValues: { ':runners': { S: runnerPartition(appTag(app)) } },
      ConsistentRead: true,
    };
    for await (const item of this.table.query(runners)) {
      const runner = recordOf(item);
      // Apps may share a tag.
      if (runner.app === app && (alive(runner) || runner.stateSince >= terminatedSince)) found.push(runner);
    }
    return found;
  }

  async joinReady(app: string, revision: string, runner: string): Promise<void> {
    await this.table.update(readyKey(app, revision), { add: { [MEMBERS]: { SS: [runner] } } });
  }

  async leaveReady(app: string, revision: string, runner: string): Promise<void> {
    await this.table.update(readyKey(app, revision), { takeOut: { [MEMBERS]: { SS: [runner] } } });
  }

  /** One write; a repetition finds the runner gone from the set. */
  async retire(app: string, revision: string, runner: string): Promise<boolean> {
    const alone = `attribute_not_exists(${MEMBERS}) OR NOT contains(${MEMBERS}, :runner)`;
    return this.table.update(readyKey(app, revision), {
      takeOut: { [MEMBERS]: { SS: [runner] } },
      condition: `${alone} OR attribute_not_exists(${FLOOR}) OR size(${MEMBERS}) > ${FLOOR}`,
      values: { ':runner': { S: runner } },
    });
  }

  async setFloor(app: string, revision: string, floor: number): Promise<void> {
    await this.table.update(readyKey(app, revision), { set: { [FLOOR]: { N: String(floor) } } });
  }

  async readySet(
    app: string,
    revision: string,
  ): Promise<{ readonly floor: number; readonly runners: readonly string[] }> {
    const item = await this.table.get(readyKey(app, revision));
    return { floor: Number(item?.[FLOOR]?.N ?? 0), runners: item?.[MEMBERS]?.SS ?? [] };
  }
}

function runnerPartition(tag: string): string {
  return `${PARTITION.runner}${tag}`;
}

function runnerKey(id: string): ItemKey {
  return { pk: runnerPartition(id.slice(-6)), sk: id };
}

function readyKey(app: string, revision: string): ItemKey {
  return { pk: `${PARTITION.app}${app}`, sk: `ready#${revision}` };
}

function attributesOf(runner: RunnerRecord): Item {
  const gone = { [TABLE.timeToLive]: { N: String(Math.ceil(runner.stateSince / 1000) + REMEMBERED_SECONDS) } };
  return {
    [RECORD]: { B: packed(runner) },
    [VERSION]: { N: String(runner.version) },
    ...(alive(runner) ? {} : gone),
  };
}

function recordOf(item: Item): RunnerRecord {
  const stored = item[RECORD]?.B;
  if (stored === undefined) throw new Error('The item has no runner');
  return unpacked(stored).record as RunnerRecord;
}
