/** Storm events as they travel: what lists of them can be filtered and sorted by. */
import { defineResource } from '../attributes/attribute.ts';

export const STORM_EVENT = defineResource('storm_event', 'storm_events', {
  id: { filter: 'text', sort: true },
  port_id: {},
  state: { filter: 'text', sort: true },
  message: {},
  created_at: { filter: 'text', sort: true },
});
