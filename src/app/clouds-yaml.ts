/** The `clouds.yaml` of a state directory: how clients log in. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { statePaths } from '#platform/config.ts';
import { writePrivateFile } from './private-file.ts';

/** Holds passwords, so it is for its owner only. Written at each start, since the address may have changed. */
export function writeCloudsYaml(stateDir: string, url: string): void {
  const paths = statePaths(stateDir);
  const admin = readFileSync(paths.adminPassword, 'utf8').trim();
  const demo = readIfThere(paths.demoPassword);
  const domains = { user_domain_id: 'default', project_domain_id: 'default' };
  const common = { region_name: 'RegionOne', identity_api_version: 3 };
  const auth_url = `${url}/identity`;
  const clouds = {
    stackyard: {
      auth: { auth_url, username: 'admin', password: admin, project_name: 'admin', ...domains },
      ...common,
    },
    'stackyard-system': {
      auth: {
        auth_url,
        username: 'admin',
        password: admin,
        user_domain_id: 'default',
        system_scope: 'all',
      },
      ...common,
    },
    ...(demo === undefined
      ? {}
      : {
          demo: {
            auth: { auth_url, username: 'demo', password: demo, project_name: 'demo', ...domains },
            ...common,
          },
        }),
  };
  const text = `# Written by Stackyard at each start.\n${stringify({ clouds })}`;
  writePrivateFile(paths.cloudsYaml, text);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // no demo project was made
  }
}
