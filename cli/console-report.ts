/** What a platform does, as lines on a terminal: one for each decision, step of a start, and line of an app. */
import type { PlatformReport } from '../daemon/report';

export function consoleReport(output: NodeJS.WritableStream): PlatformReport {
  const write = (app: string, text: string): void => {
    output.write(`${time()} ${app.padEnd(APP_WIDTH)} ${text}\n`);
  };
  return {
    decision: ({ app, reason }) => {
      write(short(app), reason);
    },
    appLine: (app, _runner, { message, requestId }) => {
      if (message.startsWith(FAL_DEBUG)) return;
      write(short(app), requestId === undefined ? `│ ${message}` : `│ ${requestId.slice(-8)} │ ${message}`);
    },
    progress: (app, text) => {
      write(short(app), text);
    },
    failure: (doing, error) => {
      write('sgpu', `failed: ${doing}: ${error instanceof Error ? error.message : String(error)}`);
    },
  };
}

const APP_WIDTH = 12;

/** fal lists every installed package when an app starts: two screens that nobody asked for. */
const FAL_DEBUG = '[debug] Python packages installed:';

function short(app: string): string {
  return app.slice(app.indexOf('/') + 1);
}

function time(): string {
  return new Date().toTimeString().slice(0, 8);
}
