import { keyOf, type FleetMemory, type FleetNote } from '../../runtime/aws/machines-notes';

/** A fleet's notes in this process. */
export class MemoryFleetMemory implements FleetMemory {
  private readonly notes = new Map<string, FleetNote>();

  async all(): Promise<readonly FleetNote[]> {
    return [...this.notes.values()];
  }

  async save(note: FleetNote): Promise<boolean> {
    const key = keyOf(note);
    if ((this.notes.get(key)?.version ?? 0) !== note.version - 1) return false;
    this.notes.set(key, structuredClone(note));
    return true;
  }

  async remove(note: Pick<FleetNote, 'kind' | 'id'>): Promise<void> {
    this.notes.delete(keyOf(note));
  }
}
