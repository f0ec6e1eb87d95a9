import type { IConstruct } from 'constructs';
import { MAX_ALIAS, SHARED_FOLDER, WEIGHT_CACHE } from '../../runtime/aws-layout';
import type { AppSpec } from '../../runtime/domain/app-spec';
import { refuse } from './refusal';

const OWN_FOLDERS = [SHARED_FOLDER, WEIGHT_CACHE.containerFolder];

/** Refuses names and paths that the platform needs itself. */
export function checkContainer(app: IConstruct, { name, env, secrets = [], volumes }: AppSpec): void {
  if (name.length > MAX_ALIAS) {
    refuse(app, `\`name\` is '${name}', ${name.length} characters: set one of at most ${MAX_ALIAS}`);
  }
  if (name === 'control') refuse(app, "`name` is 'control', the platform's own queue: choose another");
  const own = [...Object.keys(env), ...secrets].find((variable) => variable === 'PORT' || variable.startsWith('SGPU_'));
  if (own !== undefined) {
    const mend = own === 'PORT' ? 'the port is that of the `source`' : 'choose another name';
    refuse(app, `\`environment\` or \`secrets\`: ${own} is set by the platform: ${mend}`);
  }
  for (const path of Object.keys(volumes)) {
    const hidden = OWN_FOLDERS.find((own) => `${own}/`.startsWith(`${path}/`) || path.startsWith(`${own}/`));
    if (hidden === undefined) continue;
    refuse(app, `\`volumes\`: ${path} would hide ${hidden}, which belongs to the platform: choose another path`);
  }
}
