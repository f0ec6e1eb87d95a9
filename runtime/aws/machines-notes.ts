/**
 * What the fleet remembers from one pass to the next, since each may run in another process: which runners it was asked
 * for, what it saw of its machines, what could not be had. Written before the call it is about, so that a pass that died
 * half-way is finished by the next.
 */
import type { CoolDown } from '../domain/capacity-cool-down';
import type { DrainReason, Room } from '../domain/machine';

export type FleetNote = RunnerNote | MachineNote | CoolDownNote | PoolNote;

interface Note {
  readonly id: string;
  /** Raised by every stored change; the condition of the next write. */
  readonly version: number;
  /** When the note may be forgotten, ms since the epoch. */
  readonly expiresAt?: number;
}

/** A runner that was asked for. */
export interface RunnerNote extends Note {
  readonly kind: 'runner';
  readonly app: string;
  readonly revision: string;
  readonly createdAt: number;
  readonly taskDefinition: string;
  readonly needs: Room;
  readonly pools: readonly string[];
  /** How many machines refused it: a part of the next client token. */
  readonly refusals: number;
  /** The instance `RunTask` was called for, from before the call. */
  readonly machine?: string;
  /** The task's ARN, from the answer. A runner with a machine and no task has a call that nobody saw answered. */
  readonly task?: string;
  /** Its containers ran. */
  readonly ran?: boolean;
  /** ECS did not know the task when asked then. */
  readonly missingSince?: number;
  /** Set when it is to end. */
  readonly stop?: string;
  /** What its record was told that it waits for. */
  readonly told?: string;
  readonly ended?: { readonly at: number; readonly reason: string };
}

/** An EC2 instance of a pool. */
export interface MachineNote extends Note {
  readonly kind: 'machine';
  readonly pool: string;
  readonly zone: string;
  readonly launchedAt: number;
  readonly containerInstance?: string;
  readonly idleSince?: number;
  readonly unreachableSince?: number;
  readonly missingSince?: number;
  /** When Auto Scaling was told to end it; listings may show it for a while. */
  readonly terminatedAt?: number;
  readonly drain?: DrainReason;
  readonly failedStarts: number;
  readonly images: readonly string[];
  readonly apps: readonly string[];
}

/** `id` names the offer. */
export interface CoolDownNote extends Note {
  readonly kind: 'cool-down';
  readonly coolDown: CoolDown;
}

/** `id` is the pool's name. */
export interface PoolNote extends Note {
  readonly kind: 'pool';
  /** What a machine of the pool was last seen to offer. */
  readonly registered?: Room;
  /** A launch whose answer nobody saw. The same call with the same token gives that answer. */
  readonly launching?: {
    readonly token: string;
    readonly zone: string;
    readonly count: number;
    readonly at: number;
  };
  /** When the group was asked for machines from its warm pool. */
  readonly askedAt?: number;
  /** Since when the group has wanted more machines than it has, without having been asked. */
  readonly desiredAboveSince?: number;
}

/** Keeps the notes. */
export interface FleetMemory {
  /** All notes as they are now, also those just written. */
  all(): Promise<readonly FleetNote[]>;
  /** Stores the note in place of the one with `version - 1`, or a new one with version 1; false when another write came first. */
  save(note: FleetNote): Promise<boolean>;
  remove(note: Pick<FleetNote, 'kind' | 'id'>): Promise<void>;
}

/** Another pass changed a note meanwhile: this one is given up, the next sees what there is. */
export class FleetConflictError extends Error {
  constructor(note: Pick<FleetNote, 'kind' | 'id'>) {
    super(`Another pass changed what is known of ${note.kind} ${note.id}`);
    this.name = 'FleetConflictError';
  }
}

/** The notes of one pass. Every change is stored at once. */
export class FleetNotes {
  private readonly notes = new Map<string, FleetNote>();

  private constructor(private readonly memory: FleetMemory) {}

  static async load(memory: FleetMemory): Promise<FleetNotes> {
    const notes = new FleetNotes(memory);
    for (const note of await memory.all()) notes.notes.set(keyOf(note), note);
    return notes;
  }

  all<Kind extends FleetNote['kind']>(kind: Kind): readonly NoteOf<Kind>[] {
    return [...this.notes.values()].filter((note): note is NoteOf<Kind> => note.kind === kind);
  }

  get<Kind extends FleetNote['kind']>(kind: Kind, id: string): NoteOf<Kind> | undefined {
    return this.notes.get(keyOf({ kind, id })) as NoteOf<Kind> | undefined;
  }

  /** Stores a note where it differs from what is known. Throws a `FleetConflictError` when another write came first. */
  async put<Kept extends FleetNote>(note: Kept): Promise<Kept> {
    const key = keyOf(note);
    const before = this.notes.get(key);
    const next = { ...note, version: (before?.version ?? 0) + 1 };
    if (before !== undefined && same(before, note)) return note;
    if (!(await this.memory.save(next))) throw new FleetConflictError(note);
    this.notes.set(key, next);
    return next;
  }

  async remove(note: Pick<FleetNote, 'kind' | 'id'>): Promise<void> {
    await this.memory.remove(note);
    this.notes.delete(keyOf(note));
  }
}

export type NoteOf<Kind extends FleetNote['kind']> = Extract<FleetNote, { readonly kind: Kind }>;

/** Unique among all notes. */
export function keyOf(note: Pick<FleetNote, 'kind' | 'id'>): string {
  return `${note.kind}#${note.id}`;
}

function same(before: FleetNote, next: FleetNote): boolean {
  const sorted = (note: FleetNote): string =>
    JSON.stringify(
      Object.entries({ ...note, version: 0 })
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return sorted(before) === sorted(next);
}
