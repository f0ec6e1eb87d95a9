/** An app as the platform knows it, and the decisions taken for it. */
import type { AppSpec } from './app-spec';

export interface AppRecord {
  /** `owner/alias`: how callers address the app. */
  readonly id: string;
  readonly spec: AppSpec;
  /** Changes with every deployed version of the code or of settings that need new runners. */
  readonly revision: string;
  readonly deployedAt: number;
  /** fal's names: `rolling` (the default) lets old runners serve until new ones are ready, `recreate` ends them first. */
  readonly strategy?: 'rolling' | 'recreate';
}

/** One decision of the controller that changed something: what, and why in words. */
export interface Decision {
  readonly app: string;
  readonly at: number;
  /** One sentence for a log line: `0 → 1 runners: 1 request waits, no runner is ready`. */
  readonly reason: string;
  readonly actions: readonly string[];
  /** What the decision was made from, for `sgpu app explain`. */
  readonly inputs: Readonly<Record<string, number | string | boolean>>;
}
