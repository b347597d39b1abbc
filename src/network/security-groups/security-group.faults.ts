/** Every refusal around security groups, by the names that Neutron's clients match on. */
import { pythonRepr, pythonStr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';

const invalid = (code: string, message: string) => new Fault('invalid', code, message);
const conflict = (code: string, message: string) => new Fault('conflict', code, message);

export const securityGroupNotFound = (ids: string) =>
  new Fault('not-found', 'SecurityGroupNotFound', `Security group ${ids} does not exist`);

export const securityGroupRuleNotFound = (id: string) =>
  new Fault('not-found', 'SecurityGroupRuleNotFound', `Security group rule ${id} does not exist`);

export const defaultRuleNotFound = (id: string) =>
  new Fault(
    'not-found',
    'DefaultSecurityGroupRuleNotFound',
    `Default Security Group rule ${id} does not exist`,
  );

export const securityGroupInUse = (id: string) =>
  conflict('SecurityGroupInUse', `Security Group ${id} in use.`);

export const cannotRemoveDefault = () =>
  conflict(
    'SecurityGroupCannotRemoveDefault',
    'Insufficient rights for removing default security group.',
  );

export const cannotUpdateDefault = () =>
  conflict('SecurityGroupCannotUpdateDefault', 'Updating default security group not allowed.');

export const defaultAlreadyExists = () =>
  conflict('SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');

export const ruleExists = (id: string) =>
  conflict('SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${id}.`);

export const duplicateRuleInPost = () =>
  conflict('DuplicateSecurityGroupRuleInPost', 'Duplicate Security Group Rule in POST.');

export const defaultRuleExists = (id: string) =>
  conflict(
    'DefaultSecurityGroupRuleExists',
    `Default Security group rule already exists. Rule id is ${id}.`,
  );

export const mixedStatefulness = () =>
  conflict(
    'SecurityGroupConflict',
    'Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.',
  );

export const invalidEthertype = (value: unknown) =>
  invalid(
    'SecurityGroupRuleInvalidEtherType',
    `Security group rule for ethertype '${pythonStr(value)}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
  );

export const invalidProtocol = (value: unknown, names: readonly string[]) =>
  invalid(
    'SecurityGroupRuleInvalidProtocol',
    `Security group rule protocol ${pythonStr(value)} not supported. ` +
      `Only protocol values ${pythonRepr([null, ...names])} and integer representations [0 to 255] are supported.`,
  );

export const invalidPort = (value: unknown) =>
  invalid('SecurityGroupInvalidPortValue', `Invalid value for port ${pythonStr(value)}`);

export const invalidPortRange = () =>
  invalid(
    'SecurityGroupInvalidPortRange',
    'For TCP/UDP protocols, port_range_min must be <= port_range_max',
  );

export const protocolRequiredWithPorts = () =>
  invalid(
    'SecurityGroupProtocolRequiredWithPorts',
    'Must also specify protocol if port range is given.',
  );

export const noPortsForProtocol = (protocol: number, names: readonly string[]) =>
  invalid(
    'SecurityGroupInvalidProtocolForPort',
    `Ports cannot be specified for protocol ${protocol}. Ports are only supported for ${names.join(', ')}.`,
  );

export const invalidIcmpValue = (field: 'type' | 'code', value: number) =>
  invalid(
    'SecurityGroupInvalidIcmpValue',
    `Invalid value for ICMP ${field} (${field === 'type' ? 'port_range_min' : 'port_range_max'}) ${value}. It must be 0 to 255.`,
  );

export const missingIcmpType = (code: number) =>
  invalid(
    'SecurityGroupMissingIcmpType',
    `ICMP code (port-range-max) ${code} is provided but ICMP type (port-range-min) is missing.`,
  );

export const invalidCidr = (value: unknown) =>
  invalid('InvalidCIDR', `Invalid CIDR ${pythonStr(value)} given as IP prefix.`);

export const ethertypeAndCidrConflict = (ethertype: string, cidr: string) =>
  invalid(
    'SecurityGroupRuleParameterConflict',
    `Conflicting value ethertype ${ethertype} for CIDR ${cidr}`,
  );

export const ethertypeAndProtocolConflict = (ethertype: string, protocol: string) =>
  invalid(
    'SecurityGroupEthertypeConflictWithProtocol',
    `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
  );

export const severalRemotes = () =>
  invalid(
    'SecurityGroupMultipleRemoteEntites', // compat: upstream's own spelling
    'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
  );

export const rulesOfSeveralGroups = () =>
  invalid(
    'SecurityGroupNotSingleGroupRules',
    'Only allowed to update rules for one security profile at a time',
  );

export const rulesOfSeveralProjects = () =>
  invalid(
    'SecurityGroupRulesNotSingleProject',
    'Multiple project_ids in bulk security group rule create not allowed',
  );

/** compat: Neutron has no way to change a rule; who wants another makes another. */
export const notUpdatable = () =>
  new Fault(
    'method-not-allowed',
    'HTTPMethodNotAllowed',
    'The method PUT is not allowed for this resource.',
  );
