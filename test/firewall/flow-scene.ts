/** Some `strict` ports on one network, in words that are short to use. */
import { randomUUID } from 'node:crypto';
import type { MemberSpec, SecurityGroupSpec, SecurityRuleSpec } from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { portOf } from '../dataplane/world.ts';
import type { Host } from './hosts.ts';
import { NO_LIMITS, openGroup } from './table-subjects.ts';

/** A port and who is behind it. */
export type Guest = Host & { readonly port: PortSpec };

export function guestOn(
  network: NetworkSpec,
  number: number,
  groups: readonly string[],
  fields: Partial<NonNullable<PortSpec['firewall']>> = {},
): Guest {
  const byte = number.toString(16).padStart(2, '0');
  const host = {
    mac: `02:30:00:00:00:${byte}`,
    ip4: `10.30.0.${number}`,
    ip6: `fd30::${number.toString(16)}`,
  };
  const pairs = [
    { mac: host.mac, cidr: `${host.ip4}/32` },
    { mac: host.mac, cidr: `${host.ip6}/128` },
  ];
  const firewall = { mode: 'strict', macs: [host.mac], pairs, ethertypes: [], groups } as const;
  const port = portOf(network, {
    mac: host.mac,
    firewall: { ...firewall, ...fields },
    storm: NO_LIMITS,
  });
  return { ...host, port };
}

/** The guest's port with other groups, or with another firewall altogether. */
export function inGroups({ port }: Guest, groups: readonly string[]): PortSpec {
  return port.firewall === null ? port : { ...port, firewall: { ...port.firewall, groups } };
}

export function memberOf({ port }: Guest, groups: readonly string[]): MemberSpec {
  const { id, networkId, firewall } = port;
  const cidrs = (firewall?.pairs ?? []).map((pair) => pair.cidr).toSorted();
  return { id, networkId, groups, macs: firewall?.macs ?? [], cidrs };
}

export function rule(
  direction: SecurityRuleSpec['direction'],
  fields: Partial<SecurityRuleSpec> = {},
): SecurityRuleSpec {
  const common = { version: 4, protocol: 17, ports: null, remote: { kind: 'any' } } as const;
  return { id: randomUUID(), direction, ...common, ...fields };
}

export function groupOf(
  rules: readonly SecurityRuleSpec[],
  fields: Partial<SecurityGroupSpec> = {},
): SecurityGroupSpec {
  return { id: randomUUID(), stateful: true, rules, ...fields };
}

/** Lets everything out, and nothing in. */
export function outwardGroup(): SecurityGroupSpec {
  const all = openGroup(randomUUID());
  const rules = all.rules
    .filter((one) => one.direction === 'egress')
    .map((one) => ({ ...one, id: randomUUID() }));
  return { ...all, rules };
}
