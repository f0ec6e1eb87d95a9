import picocolors from 'picocolors';
import { closingLines, type DeployedAppLines } from '../../cli/deploy/closing-lines';

const DEPLOYED: DeployedAppLines = {
  url: 'https://gpu.example.com',
  app: 'studio/painter',
  className: 'Painter',
  revision: '41',
  auth: 'private',
  endpoints: ['/', '/upscale'],
  overridden: [],
  platform: 'studio',
};
const lines = (changes: Partial<DeployedAppLines> = {}): string =>
  closingLines({ ...DEPLOYED, ...changes }, picocolors.createColors(false));

test('a deployment ends with the addresses of all endpoints, and how to call the app', () => {
  const text = lines();
  expect(text).toContain("Registered a new revision for 'Painter' (revision='41').");
  for (const id of ['studio/painter', 'studio/painter/upscale']) {
    expect(text).toContain(`Sync   https://gpu.example.com/run/${id}\n`);
    expect(text).toContain(`Async  https://gpu.example.com/queue/${id}\n`);
  }
  expect(text).toContain('curl -H "Authorization: Key $FAL_KEY" https://gpu.example.com/run/studio/painter ');
  expect(text).not.toContain('--reset-scale');
});

test('a public app needs no key', () => {
  expect(lines({ auth: 'public' })).not.toMatch(/FAL_KEY|keys create/);
});

test('settings that were changed by hand are named: they win over what was deployed', () => {
  expect(lines({ overridden: ['keep_alive'] })).toMatch(
    /1 setting changed by `sgpu app scale` \(keep_alive\).*--reset-scale/,
  );
});
