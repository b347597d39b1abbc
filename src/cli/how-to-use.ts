/** What a person pastes after the cloud is up. */
import { statePaths } from '#platform/config.ts';

export function howToUse(stateDir: string, url: string): string {
  return [
    '',
    `  ${url}`,
    '',
    `  export OS_CLIENT_CONFIG_FILE=${statePaths(stateDir).cloudsYaml}`,
    '  export OS_CLOUD=demo          # or stackyard (admin), stackyard-system',
    '  openstack server create --flavor m1.tiny --image tiny --network private --key-name demo first',
    '  stackyard ssh first',
    '',
  ].join('\n');
}
