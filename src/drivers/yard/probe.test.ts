/** What can be found out about this machine, from what was tried. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespacesFinding } from './probe.ts';

const denied = { code: 1, stderr: 'unshare: unshare failed: Operation not permitted\n' };

const cases = [
  { name: 'a yard that was made needs no remedy', root: false, failed: false, remedy: null },
  {
    name: 'Debian before 11',
    switches: { 'kernel/unprivileged_userns_clone': '0' },
    remedy: /^sysctl -w kernel\.unprivileged_userns_clone=1/,
  },
  {
    name: 'Ubuntu with AppArmor',
    switches: { 'kernel/apparmor_restrict_unprivileged_userns': '1' },
    remedy: /^sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0/,
  },
  {
    name: 'no user namespaces',
    switches: { 'user/max_user_namespaces': '0' },
    remedy: /^sysctl -w user\.max_user_namespaces=15000/,
  },
  {
    name: 'all switches open',
    switches: { 'user/max_user_namespaces': '1000' },
    remedy: /^run as root, or start the container/,
  },
  {
    name: 'root in a closed container',
    root: true,
    remedy: /^start the container with --privileged/,
  },
] as const satisfies readonly {
  name: string;
  root?: boolean;
  failed?: boolean;
  switches?: Readonly<Record<string, string>>;
  remedy: RegExp | null;
}[];

for (const one of cases) {
  test(`namespaces, ${one.name}: the finding has the right remedy`, () => {
    const failed = !('failed' in one);
    const tried = {
      root: 'root' in one && one.root,
      ...(failed ? denied : { code: 0, stderr: '' }),
    };
    const switches: Readonly<Record<string, string>> = 'switches' in one ? one.switches : {};
    const finding = namespacesFinding(tried, (path) => switches[path]);
    assert.equal(finding.ok, !failed);
    if (one.remedy === null) assert.equal(finding.remedy, null);
    else assert.match(finding.remedy ?? '', one.remedy);
    if (failed) assert.equal(finding.said, 'unshare: unshare failed: Operation not permitted');
  });
}
