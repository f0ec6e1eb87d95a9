import type { AppLine } from '../runtime/agent/app-process';
import type { Decision } from '../runtime/domain/app';

/** What happens on a platform, for whoever watches it. */
export interface PlatformReport {
  /** A scale decision was taken and recorded. */
  decision(decision: Decision): void;
  /** An app printed a line. */
  appLine(app: string, runner: string, line: AppLine): void;
  /** What a start of an app waits for, and the steps of an installation. */
  progress(app: string, text: string): void;
  /** The platform itself failed at something; it goes on. */
  failure(doing: string, error: unknown): void;
}
