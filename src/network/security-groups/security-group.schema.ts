/** Security groups and their rules as they travel: what may be sent, filtered by, sorted by and seen. */
import { defineResource, type Reader } from '../attributes/attribute.ts';
import { flag, oneOf, text } from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import { readEthertype, readPort, readProtocol, readRemotePrefix } from './rule-readers.ts';
import { defaultAlreadyExists } from './security-group.faults.ts';

/** A name that is not kept for the group that every project has. */
const groupName: Reader<string> = (sent, name) => {
  const value = text(255)(sent, name);
  if (value.toLowerCase() === 'default') throw defaultAlreadyExists();
  return value;
};

/** compat: Neutron takes anything for the id of a remote, and then finds nothing by it. */
const remoteId: Reader<string | null> = (sent, name) =>
  sent === null || sent === '' ? null : text()(sent, name);

export const SECURITY_GROUP = defineResource('security_group', 'security_groups', {
  ...STANDARD,
  name: { read: groupName, post: { default: '' }, put: true, filter: 'text', sort: true },
  stateful: { read: flag, post: { default: true }, put: true, filter: 'flag', sort: true },
  shared: { filter: 'own' },
  security_group_rules: {},
});

/** What a rule admits, in the order in which Neutron reads it. */
const MATCH = {
  remote_group_id: { read: remoteId, post: { default: null }, filter: 'text', sort: true },
  direction: {
    read: oneOf(['ingress', 'egress']),
    post: 'required',
    filter: 'text',
    sort: true,
  },
  protocol: { read: readProtocol, post: { default: null }, filter: 'text', sort: true },
  port_range_min: { read: readPort, post: { default: null }, filter: 'number', sort: true },
  port_range_max: { read: readPort, post: { default: null }, filter: 'number', sort: true },
  ethertype: { read: readEthertype, post: { default: 'IPv4' }, filter: 'text', sort: true },
  remote_ip_prefix: { read: readRemotePrefix, post: { default: null }, filter: 'text', sort: true },
  remote_address_group_id: { read: remoteId, post: { default: null }, filter: 'text', sort: true },
} as const;

export const SECURITY_GROUP_RULE = defineResource('security_group_rule', 'security_group_rules', {
  id: STANDARD.id,
  project_id: STANDARD.project_id,
  security_group_id: { read: text(36), post: 'required', filter: 'text', sort: true },
  ...MATCH,
  description: {
    read: STANDARD.description.read,
    post: { default: '' },
    filter: 'text',
    sort: true,
  },
  revision_number: STANDARD.revision_number,
  created_at: STANDARD.created_at,
  updated_at: STANDARD.updated_at,
  normalized_cidr: {},
  belongs_to_default_sg: { filter: 'own' },
});

export const DEFAULT_RULE = defineResource(
  'default_security_group_rule',
  'default_security_group_rules',
  {
    id: STANDARD.id,
    project_id: { read: text(255), post: 'optional', hidden: true },
    ...MATCH,
    description: { read: STANDARD.description.read, post: { default: '' }, filter: 'text' },
    used_in_default_sg: { read: flag, post: { default: false }, filter: 'flag' },
    used_in_non_default_sg: { read: flag, post: { default: true }, filter: 'flag' },
  },
);
