/** Rules of security groups, row by row: what is refused, what becomes of what is not, and what is the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonRepr } from '#base/text/python.ts';
import { readEthertype, readPort, readProtocol, readRemotePrefix } from './rule-readers.ts';
import {
  checkDistinct,
  checkTogether,
  normalisedCidrOf,
  normaliseRule,
  ruleKey,
  type RuleMatch,
} from './security-group-rule.rules.ts';

const any: RuleMatch = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
};
const rule = (members: Partial<RuleMatch>): RuleMatch => ({ ...any, ...members });
const ports = (min: number | null, max: number | null) => ({
  port_range_min: min,
  port_range_max: max,
});

const refused: readonly [Partial<RuleMatch>, string, string][] = [
  [
    { ...ports(80, 80) },
    'SecurityGroupProtocolRequiredWithPorts',
    'Must also specify protocol if port range is given.',
  ],
  [
    { protocol: 'tcp', ...ports(80, 79) },
    'SecurityGroupInvalidPortRange',
    'For TCP/UDP protocols, port_range_min must be <= port_range_max',
  ],
  [
    { protocol: '17', ...ports(null, 6) },
    'SecurityGroupInvalidPortRange',
    'For TCP/UDP protocols, port_range_min must be <= port_range_max',
  ],
  [
    { protocol: 'udp', ...ports(0, 6) },
    'SecurityGroupInvalidPortValue',
    'Invalid value for port 0',
  ],
  [
    { protocol: 'icmp', ...ports(300, 1) },
    'SecurityGroupInvalidIcmpValue',
    'Invalid value for ICMP type (port_range_min) 300. It must be 0 to 255.',
  ],
  [
    { protocol: '1', ...ports(1, 256) },
    'SecurityGroupInvalidIcmpValue',
    'Invalid value for ICMP code (port_range_max) 256. It must be 0 to 255.',
  ],
  [
    { protocol: 'icmp', ethertype: 'IPv6', ...ports(null, 6) },
    'SecurityGroupMissingIcmpType',
    'ICMP code (port-range-max) 6 is provided but ICMP type (port-range-min) is missing.',
  ],
  [
    { protocol: 'esp', ...ports(1, 2) },
    'SecurityGroupInvalidProtocolForPort',
    'Ports cannot be specified for protocol 50. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.',
  ],
  [
    { ethertype: 'IPv6', remote_ip_prefix: '10.100.0.0/16' },
    'SecurityGroupRuleParameterConflict',
    'Conflicting value ethertype IPv6 for CIDR 10.100.0.0/16',
  ],
  [
    { ethertype: 'IPv4', remote_ip_prefix: '2001:db8::/48' },
    'SecurityGroupRuleParameterConflict',
    'Conflicting value ethertype IPv4 for CIDR 2001:db8::/48',
  ],
  ...['41', '43', '44', '58', '59', '60', 'ipv6-route', 'icmpv6'].map(
    (protocol): [Partial<RuleMatch>, string, string] => [
      { protocol },
      'SecurityGroupEthertypeConflictWithProtocol',
      `Invalid ethertype IPv4 for protocol ${protocol}.`,
    ],
  ),
  [
    { remote_ip_prefix: '10.0.0.0/8', remote_group_id: 'g' },
    'SecurityGroupMultipleRemoteEntites',
    'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
  ],
];

for (const [members, code, message] of refused) {
  test(`a rule with ${pythonRepr(members)} is refused with ${code}`, () => {
    assert.throws(() => normaliseRule(rule(members)), { name: 'Fault', code, message });
  });
}

const kept: readonly [Partial<RuleMatch>, Partial<RuleMatch>][] = [
  [{ ethertype: 'IPv6', protocol: 'icmp' }, { protocol: 'ipv6-icmp' }],
  [{ ethertype: 'IPv6', protocol: 'icmpv6' }, { protocol: 'ipv6-icmp' }],
  [{ ethertype: 'IPv6', protocol: '1' }, { protocol: '58' }],
  [{ ethertype: 'IPv6', protocol: '41' }, { protocol: '41' }],
  [{ protocol: 'icmp', ...ports(8, null) }, ports(8, null)],
  [{ protocol: 'icmp', ...ports(0, 0) }, ports(0, 0)],
  [{ protocol: 'tcp', ...ports(1, 65535) }, ports(null, null)],
  [{ protocol: 'tcp', ...ports(22, 22) }, ports(22, 22)],
];

for (const [members, expected] of kept) {
  test(`a rule with ${pythonRepr(members)} is kept as ${pythonRepr(expected)}`, () => {
    assert.deepEqual(normaliseRule(rule(members)), { ...rule(members), ...expected });
  });
}

const same: readonly [Partial<RuleMatch>, Partial<RuleMatch>, boolean][] = [
  [{ protocol: 'tcp' }, { protocol: '6' }, true],
  [{ protocol: 'tcp' }, { protocol: 'udp' }, false],
  [{ protocol: 'tcp' }, {}, false],
  [{ remote_ip_prefix: '0.0.0.0/0' }, {}, true],
  [{ remote_ip_prefix: '10.0.0.0/8' }, {}, false],
  [{ ethertype: 'IPv6', protocol: 'icmp' }, { ethertype: 'IPv6', protocol: '58' }, true],
  [{ remote_group_id: 'g' }, { remote_address_group_id: 'g' }, false],
  [{ direction: 'egress' }, {}, false],
];

for (const [one, other, expected] of same) {
  test(`rules with ${pythonRepr(one)} and ${pythonRepr(other)} are ${expected ? '' : 'not '}the same`, () => {
    assert.equal(ruleKey(rule(one)) === ruleKey(rule(other)), expected);
  });
}

test('one request may not have two rules that say the same', () => {
  checkDistinct([rule({ protocol: 'tcp' }), rule({ protocol: 'udp' })]);
  assert.throws(() => checkDistinct([rule({ protocol: 'tcp' }), rule({ protocol: '6' })]), {
    code: 'DuplicateSecurityGroupRuleInPost',
  });
});

test('rules that are made together are of one group and one project', () => {
  const one = { security_group_id: 'a', project_id: 'p' };
  checkTogether([one, one]);
  assert.throws(() => checkTogether([one, { ...one, security_group_id: 'b' }]), {
    code: 'SecurityGroupNotSingleGroupRules',
  });
  assert.throws(() => checkTogether([one, { ...one, project_id: 'q' }]), {
    code: 'SecurityGroupRulesNotSingleProject',
  });
});

const protocols: readonly [unknown, string | null | undefined][] = [
  [null, null],
  ['any', null],
  ['TCP', 'tcp'],
  [17, '17'],
  ['0', '0'],
  [255, '255'],
  [256, undefined],
  [-1, undefined],
  ['bad_protocol_name', undefined],
  [true, undefined],
  ['', undefined],
];

for (const [value, expected] of protocols) {
  test(`the protocol ${pythonRepr(value)} is read as ${pythonRepr(expected)}`, () => {
    if (expected === undefined) {
      assert.throws(() => readProtocol(value), { code: 'SecurityGroupRuleInvalidProtocol' });
    } else {
      assert.equal(readProtocol(value), expected);
    }
  });
}

test('an unknown protocol is refused with the list of those that are known', () => {
  assert.throws(() => readProtocol('bad_protocol_name'), {
    message:
      "Security group rule protocol bad_protocol_name not supported. Only protocol values [None, 'ah', 'dccp', " +
      "'egp', 'esp', 'gre', 'hopopt', 'icmp', 'igmp', 'ip', 'ipip', 'ipv6-encap', 'ipv6-frag', 'ipv6-icmp', " +
      "'icmpv6', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route', 'ospf', 'pgm', 'rsvp', 'sctp', 'tcp', 'udp', 'udplite', " +
      "'vrrp'] and integer representations [0 to 255] are supported.",
  });
});

const prefixes: readonly [unknown, string | null | undefined, string | null][] = [
  [null, null, null],
  ['', null, null],
  ['10.2.3.124/24', '10.2.3.124/24', '10.2.3.0/24'],
  ['10.2.3.4', '10.2.3.4/32', '10.2.3.4/32'],
  ['10.0.0.0/255.255.0.0', '10.0.0.0/16', '10.0.0.0/16'],
  ['0.0.0.0/0', '0.0.0.0/0', '0.0.0.0/0'],
  ['2001:DB8::1/64', '2001:db8::1/64', '2001:db8::/64'],
  ['::1', '::1/128', '::1/128'],
  ['192.168.1./24', undefined, null],
  ['192.168.1.1/33', undefined, null],
  ['10.0.0.0/255.0.255.0', undefined, null],
  ['bad_prefix', undefined, null],
  ['256', undefined, null],
  [12, undefined, null],
];

for (const [value, expected, cidr] of prefixes) {
  test(`the remote prefix ${pythonRepr(value)} is read as ${pythonRepr(expected)}`, () => {
    if (expected === undefined) {
      assert.throws(() => readRemotePrefix(value), { code: 'InvalidCIDR' });
    } else {
      assert.equal(readRemotePrefix(value), expected);
      assert.equal(normalisedCidrOf(expected), cidr);
    }
  });
}

test('ports are numbers from 0 to 65535, also as text', () => {
  assert.deepEqual(
    [readPort(null), readPort(0), readPort('80'), readPort(65535)],
    [null, 0, 80, 65535],
  );
  for (const value of [-16, 65536, 'x', 1.5, true, '', '8 0']) {
    assert.throws(() => readPort(value), { code: 'SecurityGroupInvalidPortValue' });
  }
});

test('the ethertype may be written in any case', () => {
  assert.equal(readEthertype('ipV6'), 'IPv6');
  assert.throws(() => readEthertype('bad_ethertype'), {
    message:
      "Security group rule for ethertype 'bad_ethertype' not supported. Allowed values are ['IPv4', 'IPv6'].",
  });
});
