/** What a person pastes after the cloud is up. */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultStateDir, statePaths } from '#platform/config.ts';
import { isRoot } from './common.ts';

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), '../../bin/stackyard');

export function howToUse(stateDir: string, url: string): string {
  const paths = statePaths(stateDir);
  const variables = `  export OS_CLIENT_CONFIG_FILE=${paths.cloudsYaml}`;
  // A cloud that was started empty has no project to try things in.
  const rest = existsSync(paths.demoPassword)
    ? [
        '  export OS_CLOUD=demo          # or stackyard (admin), stackyard-system',
        '  openstack server create --flavor m1.micro --image tiny --network private --key-name demo first',
        `  ${commandFor('ssh', stateDir)} first`,
      ]
    : ['  export OS_CLOUD=stackyard     # or stackyard-system'];
  return ['', `  ${url}`, '', variables, ...rest, ''].join('\n');
}

/** A command line of ours that works from where the person is, for this cloud. */
export function commandFor(verb: string, stateDir: string): string {
  const near = relative(process.cwd(), LAUNCHER);
  const launcher = near.startsWith('..') ? LAUNCHER : near;
  const usual = stateDir === defaultStateDir(process.env, isRoot());
  return `${launcher} ${verb}${usual ? '' : ` --state-dir ${stateDir}`}`;
}
