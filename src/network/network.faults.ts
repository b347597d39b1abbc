/** Every fault the network service raises, by the name Neutron clients match on. */
import { pythonRepr } from '#base/text/python.ts';
import { Fault, type FaultOptions } from '#platform/fault.ts';

// What a request says.

export const badRequest = (message: string) => new Fault('invalid', 'HTTPBadRequest', message);

/** An attribute has a value that it cannot have. */
export const invalidAttribute = (name: string, reason: string) =>
  badRequest(`Invalid input for ${name}. Reason: ${reason}.`);

/** The attributes are fine one by one, and not together. */
export const invalidInput = (message: string) =>
  new Fault('invalid', 'InvalidInput', `Invalid input for operation: ${message}.`);

export const badListRequest = (what: string, message: string) =>
  new Fault('invalid', 'BadRequest', `Bad ${what} request: ${message}.`);

// Who asks.

/** `expression` is the whole of what was checked, as `(rule:create_port and rule:create_port:fixed_ips)`. */
export const policyNotAuthorized = (expression: string) =>
  new Fault('forbidden', 'PolicyNotAuthorized', `${expression} is disallowed by policy`);

/** What may be seen by the caller but not changed is answered as if it were not there. */
export const resourceNotFound = () =>
  new Fault('not-found', 'HTTPNotFound', 'The resource could not be found.');

export const foreignNetwork = (projectId: string, resource: string) =>
  new Fault(
    'forbidden',
    'HTTPForbidden',
    `Tenant ${projectId} not allowed to create ${resource} on this network`,
  );

// State.

export const revisionConstraintFailed = (wanted: number, current: number) =>
  new Fault(
    'precondition-failed',
    'RevisionNumberConstraintFailed',
    `Constrained to ${wanted}, but current revision is ${current}`,
  );

export const overQuota = (resources: readonly string[]) =>
  new Fault(
    'over-quota',
    'OverQuota',
    `Quota exceeded for resources: ${pythonRepr([...resources])}.`,
  );

// Networks.

export const networkNotFound = (id: string) =>
  new Fault('not-found', 'NetworkNotFound', `Network ${id} could not be found.`);

export const networkInUse = (id: string, reason: string) =>
  new Fault(
    'conflict',
    'NetworkInUse',
    `Unable to complete operation on network ${id}. ${reason}.`,
  );

export const networkMtuSubnetConflict = (id: string, minimum: number) =>
  new Fault(
    'conflict',
    'NetworkMTUSubnetConflict',
    `MTU of ${id} is not valid, subnet requires a minimum of ${minimum}`,
  );

export const externalNetworkInUse = (id: string) =>
  new Fault(
    'conflict',
    'ExternalNetworkInUse',
    `External network ${id} cannot be updated to be made non-external, since it has existing gateway ports.`,
  );

export const invalidSharedSetting = (name: string) =>
  new Fault(
    'conflict',
    'InvalidSharedSetting',
    `Unable to reconfigure sharing settings for network ${name}. Multiple projects are using it.`,
  );

export const flatNetworkInUse = (physicalNetwork: string) =>
  new Fault(
    'conflict',
    'FlatNetworkInUse',
    `Unable to create the flat network. Physical network ${physicalNetwork} is in use.`,
  );

export const vlanIdInUse = (vlanId: number, physicalNetwork: string) =>
  new Fault(
    'conflict',
    'VlanIdInUse',
    `Unable to create the network. The VLAN ${vlanId} on physical network ${physicalNetwork} is in use.`,
  );

export const tunnelIdInUse = (tunnelId: number) =>
  new Fault(
    'conflict',
    'TunnelIdInUse',
    `Unable to create the network. The tunnel ID ${tunnelId} is in use.`,
  );

export const noNetworkAvailable = () =>
  new Fault(
    'unavailable',
    'NoNetworkAvailable',
    'Unable to create the network. No project network is available for allocation.',
  );

// Subnets.

export const subnetNotFound = (id: string) =>
  new Fault('not-found', 'SubnetNotFound', `Subnet ${id} could not be found.`);

export const subnetInUse = (id: string) =>
  new Fault(
    'conflict',
    'SubnetInUse',
    `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`,
  );

export const subnetPoolNotFound = (id: string) =>
  new Fault('not-found', 'SubnetPoolNotFound', `Subnet pool ${id} could not be found.`);

export const invalidAllocationPool = (pool: string) =>
  new Fault('invalid', 'InvalidAllocationPool', `The allocation pool ${pool} is not valid.`);

export const outOfBoundsAllocationPool = (pool: string, cidr: string) =>
  new Fault(
    'invalid',
    'OutOfBoundsAllocationPool',
    `The allocation pool ${pool} spans beyond the subnet cidr ${cidr}.`,
  );

export const overlappingAllocationPools = (one: string, other: string, cidr: string) =>
  new Fault(
    'conflict',
    'OverlappingAllocationPools',
    `Found overlapping allocation pools: ${one} ${other} for subnet ${cidr}.`,
  );

export const gatewayInAllocationPool = (ip: string, pool: string) =>
  new Fault(
    'conflict',
    'GatewayConflictWithAllocationPools',
    `Gateway ip ${ip} conflicts with allocation pool ${pool}.`,
  );

export const nameserversExhausted = (subnetId: string, limit: number) =>
  new Fault(
    'invalid',
    'DNSNameServersExhausted',
    `Unable to complete operation for ${subnetId}. The number of DNS nameservers exceeds the limit ${limit}.`,
  );

export const hostRoutesExhausted = (subnetId: string, limit: number) =>
  new Fault(
    'invalid',
    'HostRoutesExhausted',
    `Unable to complete operation for ${subnetId}. The number of host routes exceeds the limit ${limit}.`,
  );

export const invalidServiceType = (type: string) =>
  new Fault(
    'invalid',
    'InvalidSubnetServiceType',
    `Subnet service type ${type} does not correspond to a valid device owner.`,
  );

export const serviceTypeNotText = (type: unknown) =>
  new Fault(
    'invalid',
    'InvalidInputSubnetServiceType',
    `Subnet service type ${pythonRepr(type)} is not a string.`,
  );

export const gatewayIpInUse = (ip: string, portId: string) =>
  new Fault(
    'conflict',
    'GatewayIpInUse',
    `Current gateway ip ${ip} already in use by port ${portId}. Unable to update.`,
  );

// Addresses.

export const addressGenerationFailure = (networkId: string) =>
  new Fault(
    'conflict',
    'IpAddressGenerationFailure',
    `No more IP addresses available on network ${networkId}.`,
  );

export const addressChangeNotAllowed = (portId: string) =>
  new Fault(
    'invalid',
    'IPAddressChangeNotAllowed',
    `IP updates for port ${portId} are not allowed`,
  );

/** A subnet that was asked for by name has nothing left. */
export const addressGenerationFailureForSubnet = (subnetId: string) =>
  new Fault(
    'conflict',
    'IpAddressGenerationFailure',
    `No more IP addresses available for subnet ${subnetId}.`,
  );

export const noMatchingSubnet = (networkId: string, owner: string) =>
  new Fault(
    'conflict',
    'IpAddressGenerationFailureNoMatchingSubnet',
    `No valid service subnet for the given device owner, network ${networkId}, service type ${owner}.`,
  );

export const allocationOnAutoAddressSubnet = (ip: string, subnetId: string) =>
  new Fault(
    'invalid',
    'AllocationOnAutoAddressSubnet',
    `IPv6 address ${ip} cannot be directly assigned to a port on subnet ${subnetId} as the subnet is configured for automatic addresses`,
  );

export const addressAlreadyAllocated = (ip: string, subnetId: string) =>
  new Fault(
    'conflict',
    'IpAddressAlreadyAllocated',
    `IP address ${ip} already allocated in subnet ${subnetId}`,
  );

export const invalidIpForNetwork = (ip: string) =>
  new Fault(
    'invalid',
    'InvalidIpForNetwork',
    `IP address ${ip} is not a valid IP for any of the subnets on the specified network.`,
  );

export const invalidIpForSubnet = (ip: string) =>
  new Fault(
    'invalid',
    'InvalidIpForSubnet',
    `IP address ${ip} is not a valid IP for the specified subnet.`,
  );

// Ports.

export const portNotFound = (id: string) =>
  new Fault('not-found', 'PortNotFound', `Port ${id} could not be found.`);

export const macAddressInUse = (networkId: string, mac: string) =>
  new Fault(
    'conflict',
    'MacAddressInUse',
    `Unable to complete operation for network ${networkId}. The mac address ${mac} is in use.`,
  );

export const macAddressGenerationFailure = (networkId: string) =>
  new Fault(
    'unavailable',
    'NetworkMacAddressGenerationFailure',
    `Unable to generate unique mac on network ${networkId}.`,
  );

export const portInUse = (portId: string, networkId: string, deviceId: string) =>
  new Fault(
    'conflict',
    'PortInUse',
    `Unable to complete operation on port ${portId} for network ${networkId}. Port already has an attached device ${deviceId}.`,
  );

export const servicePortInUse = (portId: string, reason: string) =>
  new Fault(
    'conflict',
    'ServicePortInUse',
    `Port ${portId} cannot be deleted directly via the port API: ${reason}.`,
  );

export const permittedEthertypesRequireL2 = (mode: string) =>
  new Fault(
    'invalid',
    'PermittedEthertypesRequireL2',
    `A port of mode '${mode}' cannot have permitted_ethertypes: they only count in mode 'l2'. Set port_mode to 'l2' with them, or make the list empty.`,
  );

export const portHostNotReached = (id: string, options: FaultOptions) =>
  new Fault(
    'unavailable',
    'PortHostNotReached',
    `The host of port ${id} has not told the port's counters. Try again later.`,
    options,
  );

export const stormEventNotFound = (id: string) =>
  new Fault('not-found', 'StormEventNotFound', `Storm event ${id} could not be found.`);

export const portBound = (portId: string, vifType: string, oldMac: string, newMac: string) =>
  new Fault(
    'conflict',
    'PortBound',
    `Unable to complete operation on port ${portId}, port is already bound, port type: ${vifType}, old_mac ${oldMac}, new_mac ${newMac}.`,
  );

export const portBindingNotFound = (portId: string, host: string) =>
  new Fault(
    'not-found',
    'PortBindingNotFound',
    `Binding for port ${portId} for host ${host} could not be found.`,
  );

export const portBindingAlreadyExists = (portId: string, host: string) =>
  new Fault(
    'conflict',
    'PortBindingAlreadyExists',
    `Binding for port ${portId} on host ${host} already exists.`,
  );

export const portBindingAlreadyActive = (portId: string, host: string) =>
  new Fault(
    'conflict',
    'PortBindingAlreadyActive',
    `Binding for port ${portId} on host ${host} is already active.`,
  );

/** The host is unknown, or the card is of a kind that it cannot plug. */
export const portBindingError = (portId: string, host: string) =>
  new Fault(
    'conflict',
    'PortBindingError',
    `Binding for port ${portId} on host ${host} could not be created or updated.`,
  );

export const portWithoutBindings = (portId: string) =>
  badListRequest(
    'port',
    `Invalid port ${portId}. Operation only valid on compute and shared filesystem ports`,
  );

/** Groups on a port without port security. The text speaks of an address, and none is looked for. */
export const portSecurityRequiredForGroups = () =>
  new Fault(
    'invalid',
    'PortSecurityAndIPRequiredForSecurityGroups',
    'Port security must be enabled and port must have an IP address in order to use security groups.',
  );

export const portSecurityPortHasGroup = () =>
  new Fault(
    'conflict',
    'PortSecurityPortHasSecurityGroup',
    'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
  );

export const portSecurityRequiredForPairs = () =>
  new Fault(
    'conflict',
    'AddressPairAndPortSecurityRequired',
    'Port Security must be enabled in order to have allowed address pairs on a port.',
  );

export const tooManyAddressPairs = (limit: number) =>
  new Fault(
    'invalid',
    'AllowedAddressPairExhausted',
    `The number of allowed address pair exceeds the maximum ${limit}.`,
  );

export const duplicateAddressPair = (mac: string, ip: string) =>
  new Fault(
    'invalid',
    'DuplicateAddressPairInRequest',
    `Request contains duplicate address pair: mac_address ${mac} ip_address ${ip}.`,
  );

export const addressPairWithoutIp = () =>
  new Fault(
    'invalid',
    'AllowedAddressPairsMissingIP',
    'AllowedAddressPair must contain ip_address',
  );

export const qosPolicyNotFound = (id: string) =>
  new Fault('not-found', 'QosPolicyNotFound', `QoS policy ${id} could not be found.`);

export const segmentNotFound = (id: string) =>
  new Fault('not-found', 'SegmentNotFound', `Segment ${id} could not be found.`);

export const availabilityZoneNotFound = (zone: string) =>
  new Fault(
    'not-found',
    'AvailabilityZoneNotFound',
    `AvailabilityZone ${zone} could not be found.`,
  );

/** compat: the client library's own name and words, which Nova passes on. */
export const severalGroupsNamed = (name: string) =>
  new Fault(
    'conflict',
    'NoUniqueMatch',
    `Multiple security_group matches found for name '${name}', use an ID to be more specific.`,
  );
