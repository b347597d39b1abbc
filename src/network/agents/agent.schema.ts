/** Agents as they travel. compat: a host's one agent is shown as the three that Neutron would have there. */
import { defineResource, type UpdateOf } from '../attributes/attribute.ts';
import { flag, nullable, text } from '../attributes/readers.ts';

export const AGENT = defineResource('agent', 'agents', {
  id: { filter: 'text', sort: true },
  agent_type: { filter: 'text', sort: true },
  binary: { filter: 'text', sort: true },
  topic: { filter: 'text', sort: true },
  host: { filter: 'text', sort: true },
  admin_state_up: { read: flag, put: true, filter: 'flag', sort: true },
  created_at: { sort: true },
  started_at: { sort: true },
  heartbeat_timestamp: { sort: true },
  alive: { filter: 'flag' },
  description: { read: nullable(text(255)), put: true, filter: 'text' },
  availability_zone: { filter: 'text', sort: true },
  resources_synced: {},
  configurations: {},
});

export type AgentUpdate = UpdateOf<typeof AGENT>;
