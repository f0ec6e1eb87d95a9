/** An app as the platform knows it, and the decisions taken for it. */
import type { AppSpec } from './app-spec';
import type { RevisionDeployment } from './deployment';
import type { ScaleChange } from './scale-overrides';

/** One deployed version of an app, and how its starts went. */
export interface Revision {
  /** Changes with every deployed version of the code or of settings that need new runners. */
  readonly revision: string;
  readonly spec: AppSpec;
  readonly deployedAt: number;
  /** On AWS: how its runners are started. */
  readonly deployment?: RevisionDeployment;
  /** When one of its runners was first READY: from then on it is good. */
  readonly readyAt?: number;
  /** The last start that failed, while none of its runners was ever READY. */
  readonly failure?: { readonly at: number; readonly reason: string };
}

/** An app with its current revision: the one that was deployed last or set by hand. */
export interface AppRecord extends Revision {
  /** `owner/alias`: how callers address the app. */
  readonly id: string;
  /** fal's names: `rolling` (the default) lets old runners serve until new ones are ready, `recreate` ends them first. */
  readonly strategy?: 'rolling' | 'recreate';
  /** Revisions before the current one, the latest first: what failed starts fall back to and what can be set again. */
  readonly earlier?: readonly Revision[];
  /** The deployed revision that was set aside by hand; deploying it again changes nothing. */
  readonly setAside?: string;
  /** Settings of the scaling that were changed after deploying; `spec` has them already. */
  readonly scale?: ScaleChange;
  /** Until then a runner of the current revision is started although nobody asks for one, to see whether it gets READY. */
  readonly verifyUntil?: number;
  /** Since when the app is being removed: it takes no request and gets no runner. */
  readonly closingSince?: number;
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
