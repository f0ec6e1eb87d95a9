import type { LearningStore } from '../../runtime/ports';

/** What controllers learned, in memory. */
export class MemoryLearningStore implements LearningStore {
  /** Writes so far. */
  writes = 0;
  private readonly stored = new Map<string, string>();

  async get(app: string): Promise<unknown> {
    const stored = this.stored.get(app);
    return stored === undefined ? undefined : (JSON.parse(stored) as unknown);
  }

  async put(app: string, learning: object): Promise<void> {
    this.writes += 1;
    this.stored.set(app, JSON.stringify(learning));
  }

  async remove(app: string): Promise<void> {
    this.stored.delete(app);
  }
}
