/** What a check found. */
export interface Finding {
  readonly check: string;
  /** `problem`: a deployment fails. `warning`: something may fail later. `skipped`: another finding comes first. */
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly text: string;
  readonly mend?: string;
}

export function ok(check: string, text: string): Finding {
  return { check, status: 'ok', text };
}

export function warning(check: string, text: string, mend: string): Finding {
  return { check, status: 'warning', text, mend };
}

export function problem(check: string, text: string, mend: string): Finding {
  return { check, status: 'problem', text, mend };
}

export function skipped(check: string, text: string): Finding {
  return { check, status: 'skipped', text };
}
