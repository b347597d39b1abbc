/** Every refusal around address groups. */
import { pythonRepr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';

export const addressGroupNotFound = (id: string) =>
  new Fault('not-found', 'AddressGroupNotFound', `Address group ${id} could not be found.`);

export const addressGroupInUse = (id: string) =>
  new Fault(
    'conflict',
    'AddressGroupInUse',
    `Address group ${id} is in use on one or more security group rules.`,
  );

export const addressesNotFound = (addresses: readonly string[], id: string) =>
  new Fault(
    'not-found',
    'AddressesNotFound',
    `Addresses ${pythonRepr([...addresses])} not found in the address group ${id}.`,
  );

export const addressesAlreadyExist = (addresses: readonly string[], id: string) =>
  new Fault(
    'invalid',
    'AddressesAlreadyExist',
    `Addresses ${pythonRepr([...addresses])} already exist in the address group ${id}.`,
  );

/** What netaddr says of a text that is no network. */
export const addressFormat = (text: string) =>
  new Fault('invalid', 'AddrFormatError', `invalid IPNetwork ${text}`);
