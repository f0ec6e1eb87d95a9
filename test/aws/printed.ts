/** What functions, agents and apps print during a test file. With SHOW=FILE it is written there as it comes. */
import { appendFileSync } from 'node:fs';

export class Printed {
  readonly lines: string[] = [];

  readonly add = (line: string): void => {
    this.lines.push(line);
    if (process.env.SHOW !== undefined) appendFileSync(process.env.SHOW, `${new Date().toISOString()} ${line}\n`);
  };

  includes(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }
}
