/** Bindings of a port as they travel: what may be sent, filtered by and seen. */
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { dictionary, nullAs, oneOf, text } from '../attributes/readers.ts';
import { invalidAttribute } from '../network.faults.ts';
import { VNIC_TYPES } from '../ports/port.schema.ts';

/** A binding is found by its host, so that it always has one. */
const host: Reader<string> = (sent, name) => {
  const named = text(255)(sent, name);
  if (named === '') throw invalidAttribute(name, "'' is the name of no host");
  return named;
};

export const PORT_BINDING = defineResource('binding', 'bindings', {
  host: { read: host, post: 'required', put: true, filter: 'text', sort: true },
  vif_type: { filter: 'text', sort: true },
  vnic_type: { read: oneOf(VNIC_TYPES), post: { default: 'normal' }, put: true, filter: 'text' },
  status: { filter: 'text', sort: true },
  profile: { read: nullAs({}, dictionary), post: { default: {} }, put: true },
  vif_details: {},
  /** compat: may be sent, and means nothing: a binding is its port's. */
  project_id: { read: text(255), post: 'optional', hidden: true },
});

export type PortBindingCreate = CreateOf<typeof PORT_BINDING>;
export type PortBindingUpdate = UpdateOf<typeof PORT_BINDING>;
