/** A real browser: the Chromium of the machine, or Debian's, installed where none is and the tests run as root. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export async function startChromium(): Promise<Browser> {
  const executablePath = installed() ?? installDebians();
  // Chromium's own sandbox doesn't start as root; the pages are ours.
  return chromium.launch({ executablePath, args: isRoot() ? ['--no-sandbox'] : [] });
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(executable);
}

function installDebians(): string {
  if (!isRoot()) throw new Error('No Chromium on PATH: install it, or run this as root on Debian');
  execFileSync('apt-get', ['update', '--quiet=2'], { stdio: 'ignore' });
  execFileSync('apt-get', ['install', '--quiet=2', '--yes', '--no-install-recommends', 'chromium'], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return '/usr/bin/chromium';
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
