/** The runners that the fleet was asked for: what became of their tasks, and starting those that have a machine now. */
import { startProgressed, type RunnerRecord } from '../domain/runner';
import type { PoolMachine, WaitingRunner } from '../domain/machine';
import { placeRunners, type Placements } from '../domain/machine-placement';
import type { Clock, RunnerRegistry } from '../ports';
import { blamesMachine, exitReasonOf, type EcsTask, type EcsTasks } from './ecs-tasks';
import { withRunner } from './machines-observation';
import type { FleetNotes, MachineNote, RunnerNote } from './machines-notes';

/** How long an ended runner is listed. */
export const ENDED_KEPT_MS = 600_000;

/** A task counts as gone when ECS did not know it twice, this far apart. */
export const TASK_MISSING_LIMIT_MS = 10_000;

/** Calls of `RunTask` under way at once: ECS takes 100 at once and 40 a second for an account. */
const STARTED_AT_ONCE = 10;

export interface EcsRunnersOptions {
  readonly tasks: EcsTasks;
  readonly registry: Pick<RunnerRegistry, 'get' | 'replace'>;
  readonly clock: Clock;
  readonly onError: (error: unknown, doing: string) => void;
}

export class EcsRunners {
  constructor(private readonly options: EcsRunnersOptions) {}

  /** Brings the notes of runners up to what their tasks say. */
  async follow(notes: FleetNotes, tasks: readonly EcsTask[]): Promise<void> {
    const byArn = new Map(tasks.map((task) => [task.arn, task]));
    for (const note of notes.all('runner')) {
      const own = tasks.filter((task) => task.runner === note.id && task.status !== 'STOPPED');
      if (note.ended !== undefined) {
        for (const late of own) await this.options.tasks.stop(late.arn, note.ended.reason);
        if (this.now - note.ended.at >= ENDED_KEPT_MS) await notes.remove(note);
        continue;
      }
      const task = byArn.get(note.task ?? '') ?? own[0];
      for (const twin of own) {
        if (twin.arn !== task?.arn) await this.options.tasks.stop(twin.arn, 'another task is this runner');
      }
      if (task !== undefined) await this.followTask(notes, note, task);
      else if (note.task !== undefined) await this.missTask(notes, note);
    }
  }

  /**
   * Repeats the calls that nobody saw answered, then gives waiting runners machines. Returns the machines with what was
   * taken of them, and the runners that are still without.
   */
  async start(
    notes: FleetNotes,
    machines: readonly PoolMachine[],
    callBack: (machine: string) => Promise<boolean>,
  ): Promise<Pick<Placements, 'machines' | 'unplaced'>> {
    await inBatches(notes.all('runner').filter(unanswered), (note) => this.run(notes, note));
    for (let usable = machines; ;) {
      const placed = placeRunners(notes.all('runner').filter(waits).sort(byAge).map(waitingRunner), usable);
      const refusing = new Set<string>();
      for (const machine of placed.calledBack) if (!(await callBack(machine))) refusing.add(machine);
      for (const { machine } of placed.placements) await noteUse(notes, machine);
      await inBatches(placed.placements, async ({ runner, machine }) => {
        const note = notes.get('runner', runner);
        if (note === undefined || refusing.has(machine)) return;
        if (!(await this.run(notes, await notes.put({ ...note, machine })))) refusing.add(machine);
      });
      if (refusing.size === 0) return placed;
      usable = placed.machines.map((machine) =>
        refusing.has(machine.id) ? { ...machine, state: 'missing' } : machine,
      );
    }
  }

  /** Ends a runner, whether it has a task or not. */
  async stop(notes: FleetNotes, note: RunnerNote, reason: string): Promise<void> {
    if (note.ended !== undefined) return;
    if (note.task !== undefined) {
      await notes.put({ ...note, stop: reason });
      await this.options.tasks.stop(note.task, reason);
    } else if (note.machine === undefined) {
      await this.end(notes, note, 'it was stopped before there was a machine for it');
    } else {
      // It may run: the repeated call will tell, and then it is stopped.
      await notes.put({ ...note, stop: reason });
    }
  }

  /** Tells waiting runners' records what they wait for. */
  async tell(notes: FleetNotes, waits: ReadonlyMap<string, string>): Promise<void> {
    for (const [id, what] of waits) {
      const note = notes.get('runner', id);
      if (note?.ended === undefined && note !== undefined) await this.progress(notes, note, 'PENDING', what);
    }
  }

  private get now(): number {
    return this.options.clock.now();
  }

  private async followTask(notes: FleetNotes, before: RunnerNote, task: EcsTask): Promise<void> {
    const { missingSince: _seen, ...rest } = before;
    const note = await notes.put({ ...rest, task: task.arn, ...(task.startedAt === undefined ? {} : { ran: true }) });
    const machine = notes.get('machine', note.machine ?? '');
    if (task.status === 'STOPPED') {
      if (machine !== undefined && blamesMachine(task))
        await notes.put<MachineNote>({ ...machine, failedStarts: machine.failedStarts + 1 });
      await this.end(notes, note, exitReasonOf(task));
    } else if (task.startedAt === undefined) {
      const what = task.pulled ? 'its containers' : 'image pull';
      await this.progress(notes, note, task.status === 'PROVISIONING' ? 'PENDING' : 'DOCKER_PULL', what);
    } else if (machine !== undefined && before.ran !== true) {
      await notes.put(withRunner(machine, note));
    }
  }

  private async missTask(notes: FleetNotes, note: RunnerNote): Promise<void> {
    const since = note.missingSince ?? this.now;
    if (this.now - since >= TASK_MISSING_LIMIT_MS) await this.end(notes, note, 'ECS no longer knows its task');
    else await notes.put({ ...note, missingSince: since });
  }

  /** Calls `RunTask` for the machine of the note. False when the machine refused it. */
  private async run(notes: FleetNotes, note: RunnerNote): Promise<boolean> {
    const { machine } = note;
    if (machine === undefined) return true;
    const clientToken = note.refusals === 0 ? note.id : `${note.id}-${note.refusals}`;
    const answer = await this.options.tasks.run({ ...note, runner: note.id, machine, clientToken });
    switch (answer.kind) {
      case 'started':
        await notes.put({ ...note, task: answer.task });
        if (note.stop !== undefined) await this.options.tasks.stop(answer.task, note.stop);
        return true;
      case 'refused': {
        const { machine: _refused, ...rest } = note;
        if (note.stop === undefined) await notes.put<RunnerNote>({ ...rest, refusals: note.refusals + 1 });
        else await this.end(notes, note, note.stop);
        return false;
      }
      case 'invalid':
        await this.end(notes, note, `ECS can't start it: ${answer.reason}`);
        return true;
      case 'unanswered':
        this.options.onError(new Error(answer.reason), `starting runner ${note.id} on ${machine}`);
        return true;
    }
  }

  private async end(notes: FleetNotes, note: RunnerNote, reason: string): Promise<void> {
    await notes.put({ ...note, ended: { at: this.now, reason }, expiresAt: this.now + ENDED_KEPT_MS });
  }

  private async progress(
    notes: FleetNotes,
    note: RunnerNote,
    state: 'PENDING' | 'DOCKER_PULL',
    what: string,
  ): Promise<void> {
    if (note.told === what) return;
    const { registry } = this.options;
    const record = await registry.get(note.id);
    const next = record && startProgressed(record, state, this.now, what);
    // Whoever changed the record first knows more.
    if (next !== undefined) await registry.replace(next);
    await notes.put({ ...note, told: what });
  }
}

/** A machine that was given a runner has not been idle since, though no pass may see the runner on it. */
async function noteUse(notes: FleetNotes, id: string): Promise<void> {
  const note = notes.get('machine', id);
  if (note?.idleSince === undefined) return;
  const { idleSince: _over, ...rest } = note;
  await notes.put<MachineNote>(rest);
}

/** Has no machine yet. */
function waits(note: RunnerNote): boolean {
  return note.ended === undefined && note.machine === undefined && note.stop === undefined;
}

function unanswered(note: RunnerNote): boolean {
  return note.ended === undefined && note.machine !== undefined && note.task === undefined;
}

function byAge(a: RunnerNote, b: RunnerNote): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function waitingRunner({ id, app, revision, needs, pools }: RunnerNote): WaitingRunner {
  return { id, app, revision, needs, pools };
}

/** The note of a runner that was just asked for. */
export function newRunnerNote(
  runner: Pick<RunnerRecord, 'id' | 'app' | 'revision' | 'createdAt'>,
  place: Pick<RunnerNote, 'taskDefinition' | 'needs' | 'pools'>,
): RunnerNote {
  const { id, app, revision, createdAt } = runner;
  return { kind: 'runner', id, version: 1, app, revision, createdAt, ...place, refusals: 0 };
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < items.length; first += STARTED_AT_ONCE)
    await Promise.all(items.slice(first, first + STARTED_AT_ONCE).map(work));
}
