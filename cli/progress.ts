/** Says on a terminal what a command waits for, once that takes over a second. */
const DELAY_MS = 1_000;
const STEP_MS = 120;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;

export async function whileWaiting<T>(text: string, work: Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY) return work;
  let step = 0;
  let spinning: NodeJS.Timeout | undefined;
  const starting = setTimeout(() => {
    spinning = setInterval(() => stderr.write(`\r${FRAMES[step++ % FRAMES.length] ?? ''} ${text}`), STEP_MS);
  }, DELAY_MS);
  try {
    return await work;
  } finally {
    clearTimeout(starting);
    clearInterval(spinning);
    if (spinning !== undefined) stderr.write('\r\u001b[2K');
  }
}
