/** What is refused of the networks and ports that a server asks for, in Nova's words. */
import { Fault } from '#platform/fault.ts';

const invalid = (code: string, message: string) => new Fault('invalid', code, message);

export const portTwice = (id: string) =>
  invalid(
    'HTTPBadRequest',
    `Port ID '${id}' was specified twice: you cannot attach a port multiple times.`,
  );
export const portWithFixedIp = (ip: string, id: string) =>
  invalid(
    'HTTPBadRequest',
    `Specified Fixed IP '${ip}' cannot be used with port '${id}': the two cannot be specified together.`,
  );
export const networkWithoutUuid = () =>
  invalid('HTTPBadRequest', "Bad network format: missing 'uuid'");
export const networkUuidMalformed = (text: string) =>
  invalid('HTTPBadRequest', `Bad networks format: network uuid is not in proper format (${text})`);
export const manyWithFixedIp = () =>
  invalid(
    'MultiplePortsNotApplicable',
    'Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.',
  );
export const manyWithPort = () =>
  invalid(
    'MultiplePortsNotApplicable',
    'Failed to launch instances: Unable to launch multiple instances with a single configured port ID. ' +
      'Please launch your instance one by one with different ports.',
  );
export const networkAmbiguous = (kind: 'conflict' | 'invalid' = 'conflict') =>
  new Fault(
    kind,
    'NetworkAmbiguous',
    'Multiple possible networks found, use a Network ID to be more specific.',
  );
export const cannotAutoAllocate = (projectId: string) =>
  invalid(
    'UnableToAutoAllocateNetwork',
    `Unable to automatically allocate a network for project ${projectId}`,
  );
export const portNotFound = (id: string, kind: 'invalid' | 'not-found' = 'invalid') =>
  new Fault(kind, 'PortNotFound', `Port id ${id} could not be found.`);
export const portInUse = (id: string) =>
  new Fault('conflict', 'PortInUse', `Port ${id} is still in use.`);
export const portRequiresFixedIp = (id: string) =>
  invalid('PortRequiresFixedIP', `Port ${id} requires a FixedIP in order to be used.`);
export const fixedIpInUse = (ip: string, deviceId: string) =>
  invalid(
    'FixedIpAlreadyInUse',
    `Fixed IP address ${ip} is already in use on instance ${deviceId}.`,
  );
export const networkRequiresSubnet = (id: string) =>
  invalid(
    'NetworkRequiresSubnet',
    `Network ${id} requires a subnet in order to boot instances on.`,
  );
export const networksNotFound = (
  ids: readonly string[],
  kind: 'invalid' | 'not-found' = 'invalid',
) => new Fault(kind, 'NetworkNotFound', `Network ${ids.join(', ')} could not be found.`);
export const tooManyCards = (wanted: number, most: number) =>
  invalid(
    'TooManyInterfaces',
    `A server can have ${most} interfaces at most, and ${wanted} were asked for.`,
  );
export const resourceRequestNotSupported = () =>
  invalid(
    'CreateWithPortResourceRequestOldVersion',
    'Creating servers with ports having resource requests, like a port with a QoS minimum bandwidth policy, ' +
      'is not supported until microversion 2.72.',
  );

// What follows is found when ports are made and bound, after the request was answered.

export const networkGone = (id: string) =>
  new Fault('not-found', 'NetworkNotFound', `Network ${id} could not be found.`);
export const portGone = (id: string) =>
  new Fault('not-found', 'PortNotFound', `Port id ${id} could not be found.`);
export const portNotUsable = (id: string, serverId: string) =>
  invalid('PortNotUsable', `Port ${id} not usable for instance ${serverId}.`);
export const portNameMismatch = (id: string, serverId: string, value: string, hostname: string) =>
  invalid(
    'PortNotUsableDNS',
    `Port ${id} not usable for instance ${serverId}. Value ${value} assigned to dns_name attribute ` +
      `does not match instance's hostname ${hostname}`,
  );
export const bindingFailed = (id: string) =>
  new Fault(
    'unavailable',
    'PortBindingFailed',
    `Binding failed for port ${id}, please check neutron logs for more information.`,
  );
export const securityGroupsCannotApply = () =>
  invalid(
    'SecurityGroupCannotBeApplied',
    'Network requires port_security_enabled and subnet associated in order to apply security groups.',
  );
export const externalNetworkForbidden = (id: string) =>
  new Fault(
    'forbidden',
    'ExternalNetworkAttachForbidden',
    `It is not allowed to create an interface on external network ${id}`,
  );
