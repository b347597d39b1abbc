/** The host's table for guests that get out, as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masqueradeRules, readTables } from './masquerade.ts';

test('exactly the external subnets are masqueraded, and not on the way to guests', () => {
  const rules = masqueradeRules('stackyard0', ['172.24.4.0/24', '2001:db8::/64'], false);
  const added = rules.split('\n').filter((line) => line.startsWith('add rule'));
  assert.deepEqual(added, [
    'add rule inet stackyard-stackyard0 to-outside oifname != "stackyard0" ip saddr { 172.24.4.0/24 } masquerade',
    'add rule inet stackyard-stackyard0 to-outside oifname != "stackyard0" ip6 saddr { 2001:db8::/64 } masquerade',
  ]);
  assert.doesNotMatch(rules, /forwarding-was-off/);
  assert.match(masqueradeRules('x', [], true), /add chain inet stackyard-x forwarding-was-off/);
});

test('tables of clouds are known by name, with what they remember; others are not looked at', () => {
  const text = `table inet filter {
	chain to-outside {
	}
}
table inet stackyard-a {
	chain forwarding-was-off {
	}

	chain to-outside {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
table inet stackyard-b {
	chain to-outside {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
table inet stackyard-groups {
	chain passed {
	}
}
`;
  assert.deepEqual(
    [...readTables(text)],
    [
      ['stackyard-a', true],
      ['stackyard-b', false],
    ],
  );
});
