/** The apps callers can address. */
import type { AppRecord } from '../domain/app';
import type { AppStore, Clock } from '../ports';
import { BriefCache } from './brief-cache';

export class AppDirectory {
  private readonly records: BriefCache<AppRecord>;
  private readonly lists: BriefCache<readonly AppRecord[]>;

  constructor(
    private readonly apps: AppStore,
    clock: Clock,
  ) {
    this.records = new BriefCache(clock);
    this.lists = new BriefCache(clock);
  }

  async get(id: string): Promise<AppRecord | undefined> {
    return this.records.get(id, () => this.apps.get(id));
  }

  async list(): Promise<readonly AppRecord[]> {
    return (await this.lists.get('all', () => this.apps.list())) ?? [];
  }

  /** The app of a platform that serves exactly one. */
  async onlyApp(): Promise<AppRecord | undefined> {
    const apps = await this.list();
    return apps.length === 1 ? apps[0] : undefined;
  }
}

/** The user an app belongs to: the part of its id before the alias, without a namespace. */
export function ownerOf(app: string): string {
  return app.split('/').at(-2) ?? '';
}
